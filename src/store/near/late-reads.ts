/** What is said of a key to those who are reading it. */
export interface ReadNote {
  readers: number;
  /** The key may have changed since it was asked for. */
  late: boolean;
}

/**
 * Reads that are under way: what a read brings may be older than a change that was heard of while it was on its way, so
 * that no copy of it may be kept.
 */
export interface LateReads {
  /** Before a key is asked for. Each `begin` is followed by one `end`. */
  begin(key: string): ReadNote;
  /** After the answer, or its failure. Says whether what it brought is as new as what was heard. */
  end(key: string, note: ReadNote): boolean;
  changed(key: string): void;
  /** Anything may have changed. */
  lost(): void;
}

export function createLateReads(): LateReads {
  const notes = new Map<string, ReadNote>();
  return {
    begin(key) {
      let note = notes.get(key);
      if (note === undefined) {
        note = { readers: 0, late: false };
        notes.set(key, note);
      }
      note.readers += 1;
      return note;
    },
    end(key, note) {
      note.readers -= 1;
      if (note.readers === 0 && !note.late) notes.delete(key);
      return !note.late;
    },
    changed(key) {
      const note = notes.get(key);
      if (note === undefined) return;
      note.late = true;
      // Who asks from now on is not late: a note of its own.
      notes.delete(key);
    },
    lost() {
      for (const note of notes.values()) note.late = true;
      notes.clear();
    },
  };
}
