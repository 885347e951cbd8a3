import { randomBytes } from 'node:crypto';
import { CachegateError } from '../../errors.ts';
import { type GroupKeys, groupKeys, tagDroppedKey } from '../group-keys.ts';
import type { Lease, Members, ReplaceOptions, SetOptions } from '../store.ts';
import {
  dropCall,
  forgetCall,
  havingCall,
  type MarkText,
  type Member,
  type MembersReply,
  membersCall,
  nextDropCall,
  noteDropCall,
  readDrop,
  readMembers,
  type Told,
} from './drops.ts';
import { beginCall, endCall, type LeaseReply, readBegin, renewCall } from './fills.ts';
import {
  type ExpectedForm,
  type GuardedSet,
  registerCall,
  type SetCondition,
  setCall,
  type TagKeys,
} from './guarded-set.ts';
import type { RunScript } from './script.ts';

export interface ScriptedGroupsOptions {
  readonly run: RunScript;
  /** The sequence of drops' key (`dropsKey`). */
  readonly dropsKey: string;
  /** Where another server may hold the sequence of drops than a group. Without it, one holds all: a script may touch any keys. */
  readonly sequence?: DropSequence;
  readonly mark: (markedAt: number) => MarkText;
  /** Told of each group that is dropped here, as soon as it may have been, with the keys beside its base that were. */
  readonly onDrop: (base: string, keys: readonly string[]) => void;
  /** Whether other processes hear of keys that change; `true` by default. */
  readonly tells?: boolean;
  /** Has a `begin` tell what lies at its base, where one server holds all. */
  readonly readsBase?: boolean;
}

export interface ScriptedBegin {
  readonly fence: string;
  readonly lease: LeaseReply | null;
  /** What lies at the base as text (`null`: nothing), where it was asked for; `undefined`: it is not known. */
  readonly value?: string | null | undefined;
}

/** How far the sequence of drops is, or was a while ago. */
export interface DropSequence {
  /** Answers an earlier number (at first 0) rather than fail. */
  current(): Promise<number>;
  /** This process has drawn a number. */
  note(number: number): void;
}

/** The part of a store that is about groups, on a server that runs scripts. */
export interface ScriptedGroups {
  begin(base: string, lease?: Lease): Promise<ScriptedBegin>;
  renew(base: string, lease: Lease): Promise<boolean>;
  end(base: string, lease: Lease, barMs?: number): Promise<void>;
  /** Needs `options.group`. */
  set(
    key: string,
    value: Buffer | string,
    ttlMs: number,
    options: SetOptions & { readonly group: string },
  ): Promise<boolean>;
  /** As `Store.replace`, for a value in one of these forms. */
  replace(
    key: string,
    expected: readonly ExpectedForm[],
    ttlMs: number,
    options?: ReplaceOptions,
  ): Promise<boolean>;
  drop(bases: readonly string[], markedAt?: number): Promise<number>;
  dropTagged(tags: readonly string[], markedAt?: number): Promise<number>;
  members(tag: string, cursor: string | null): Promise<Members>;
}

/** Groups that one call is about, at most: it holds up the server's other clients. */
const MAX_GROUPS = 100;
/** Members of a tag that are read at once. */
const MAX_MEMBERS = 500;

/** A fence that never stands. */
const FALLEN = '.0';

export function dropsKey(namespace: string): string {
  return namespace === '' ? 'drops' : `${namespace}:drops`;
}

export function createScriptedGroups(options: ScriptedGroupsOptions): ScriptedGroups {
  const { run, dropsKey, sequence, onDrop, tells = true, readsBase = false } = options;
  const newNonce = createNonces();

  async function begin(base: string, lease?: Lease): Promise<ScriptedBegin> {
    const keys = groupKeys(base);
    if (keys === null) return { fence: FALLEN, lease: lease === undefined ? null : HELD };
    const drops = sequence === undefined ? dropsKey : null;
    const asked = { drops, base: readsBase ? base : null, nonce: newNonce(), lease };
    const [reply, known] = await Promise.all([run(beginCall(keys, asked)), sequence?.current()]);
    const begun = readBegin(reply);
    return { ...begun, fence: `${begun.epoch}.${known ?? begun.sequence}` };
  }

  async function renew(base: string, lease: Lease): Promise<boolean> {
    const keys = groupKeys(base);
    return keys === null || Number(await run(renewCall(keys, lease))) === 1;
  }

  async function end(base: string, lease: Lease, barMs = 0): Promise<void> {
    const keys = groupKeys(base);
    if (keys !== null) await run(endCall(keys, lease, barMs));
  }

  async function write(
    key: string,
    value: Buffer | string,
    ttlMs: number,
    condition: SetCondition,
    { group, fence, tags = [], endLease: ended }: SetOptions & { readonly group: string },
  ): Promise<boolean> {
    const endLease = groupKeys(group) === null ? undefined : ended;
    const place = placeOf(key, group, fence !== undefined || endLease !== undefined);
    const tagKeys = tags.map(tagKeysOf);
    if (place === null || !tagKeys.every((each) => each !== null)) return false;
    const parsed = fence === undefined ? null : parseFence(fence);
    const guarded = { key, value, ttlMs, condition, base: group, ...place, fence: parsed, endLease };
    if (sequence === undefined) return Number(await run(setCall(guarded, tagKeys))) === 1;
    if (!(await register(guarded, tagKeys))) return false;
    if (Number(await run(setCall(guarded, []))) !== 1) return false;
    // A drop by a tag between the two has forgotten the group. A fence falls with it, and what is replaced is gone by it.
    if (parsed === null && typeof condition === 'string') await register(guarded, tagKeys);
    return true;
  }

  async function register(set: GuardedSet, tags: readonly TagKeys[]): Promise<boolean> {
    const replies = await Promise.all(tags.map((tag) => run(registerCall(set, tag))));
    return replies.every((reply) => Number(reply) === 1);
  }

  async function drop(
    bases: readonly string[],
    markedAt?: number,
    told: Told = tells ? 'held' : 'none',
  ): Promise<number> {
    const mark = markedAt === undefined ? null : options.mark(markedAt);
    const parts = sequence === undefined ? inParts(bases) : bases.map((base) => [base]);
    const held = await Promise.all(parts.map((part) => dropPart(part, mark, told)));
    return held.reduce((sum, each) => sum + each, 0);
  }

  async function dropPart(bases: readonly string[], mark: MarkText | null, told: Told): Promise<number> {
    let keys: readonly string[] = [];
    try {
      const reply = readDrop(await run(dropCall(bases, mark, told)));
      keys = reply.keys;
      return reply.held;
    } finally {
      // Also after a failure: it may have been done all the same.
      for (const base of bases) onDrop(base, keys);
    }
  }

  async function dropTagged(tags: readonly string[], markedAt?: number): Promise<number> {
    if (tags.length === 0) return 0;
    const noted = await noteDrop(tags);
    let cursor: string | null = null;
    let held = 0;
    do {
      const page = await readPage(noted.smallest, cursor);
      // A page has all that expires in one moment, however many that is.
      for (let at = 0; at < page.members.length; at += MAX_MEMBERS) {
        held += await dropMembers(page.members.slice(at, at + MAX_MEMBERS), noted, markedAt);
      }
      cursor = page.cursor;
    } while (cursor !== null);
    return held;
  }

  async function dropMembers(
    members: readonly Member[],
    { smallest, others, number }: NotedDrop,
    markedAt: number | undefined,
  ): Promise<number> {
    const found = await havingAll(members, others);
    const bases = found.map(({ base }) => base);
    // They may be many. That something was dropped by a tag, everyone is told.
    const held = await drop(bases, markedAt, tells ? 'filled' : 'none');
    if (markedAt === undefined && found.length > 0)
      await run(forgetCall(tagKeysOf(smallest)!, number, found));
    return held;
  }

  /** From here on, whatever is registered under one of the tags by an earlier fill is refused. */
  async function noteDrop(tags: readonly string[]): Promise<NotedDrop> {
    const tagKeys = tags.map(tagKeysOf).filter((each) => each !== null);
    const number = Number(await run(nextDropCall(dropsKey)));
    sequence?.note(number);
    const sizes = await Promise.all(
      tagKeys.map(async (each) => Number(await run(noteDropCall(each, number)))),
    );
    const smallest = tags[sizes.indexOf(Math.min(...sizes))]!;
    return { smallest, others: tags.filter((tag) => tag !== smallest), number };
  }

  async function havingAll(members: readonly Member[], tags: readonly string[]): Promise<readonly Member[]> {
    let left = members;
    for (const tag of tags) {
      const parts = inParts(left.map(({ base }) => base));
      const replies = await Promise.all(parts.map((part) => run(havingCall(tag, part))));
      const having = new Set((replies as unknown[][]).flat().map(String));
      left = left.filter(({ base }) => having.has(base));
    }
    return left;
  }

  /** A service that answers anything to anything would be asked for the next page without end. */
  async function readPage(tag: string, from: string | null): Promise<MembersReply> {
    const page = readMembers(await run(membersCall(tag, from, MAX_MEMBERS)));
    if (page.cursor === null || Number(page.cursor) > Number(from)) return page;
    throw new CachegateError('ERR_STORE_UNAVAILABLE', 'Store did not answer which groups come next');
  }

  async function members(tag: string, cursor: string | null): Promise<Members> {
    const from = cursor !== null && /^\d{1,17}$/.test(cursor) ? cursor : null;
    const page = await readPage(tag, from);
    return { bases: page.members.map(({ base }) => base), cursor: page.cursor };
  }

  return {
    begin,
    renew,
    end,
    set: (key, value, ttlMs, setOptions) =>
      write(key, value, ttlMs, setOptions.onlyIfAbsent === true ? 'absent' : 'none', setOptions),
    replace: (key, expected, ttlMs, { group = key, tags = [] } = {}) =>
      write(key, expected[0]!.next, ttlMs, expected, { group, tags }),
    drop: (bases, markedAt) => drop(bases, markedAt),
    dropTagged,
    members,
  };
}

interface NotedDrop {
  /** The tag with the fewest groups. */
  readonly smallest: string;
  readonly others: readonly string[];
  readonly number: number;
}

const HELD: LeaseReply = { kind: 'held' };

/** Nonces that no process gives twice, without asking the system for random bytes each time. */
function createNonces(): () => string {
  const own = randomBytes(9).toString('base64url');
  let given = 0;
  return () => {
    given += 1;
    return own + given.toString(36);
  };
}

function parseFence(fence: string): { epoch: string; sequence: number } {
  const dot = fence.indexOf('.');
  return { epoch: fence.slice(0, dot), sequence: Number(fence.slice(dot + 1)) };
}

/** `null` where no companion key could tell of the group, so that what is written might outlive its drop. */
function placeOf(key: string, group: string, fenced: boolean): { fillsKey: string; keysKey: string } | null {
  if (key === group && !fenced) return { fillsKey: key, keysKey: key };
  const keys: GroupKeys | null = groupKeys(group);
  return keys === null ? null : { fillsKey: keys.fills, keysKey: keys.keys };
}

function tagKeysOf(tag: string): TagKeys | null {
  const dropped = tagDroppedKey(tag);
  return dropped === null ? null : { tag, dropped };
}

/** Parts that are not too large; what has no companions stands alone. */
function inParts(bases: readonly string[]): string[][] {
  const parts: string[][] = [];
  let part: string[] = [];
  for (const base of bases) {
    if (groupKeys(base) === null) {
      parts.push([base]);
      continue;
    }
    if (part.length === 0) parts.push(part);
    part.push(base);
    if (part.length === MAX_GROUPS) part = [];
  }
  return parts;
}
