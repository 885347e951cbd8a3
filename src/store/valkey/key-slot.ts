import { hashTag } from '../group-keys.ts';

/** How many slots a Cluster has. */
export const SLOTS = 16_384;

/** CRC-16 of the XMODEM kind, a byte at a time (Cluster specification, appendix A). */
const CRC16 = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  return crc;
});

/** The Cluster slot of a key. */
export function keySlot(key: string): number {
  const text = hashTag(key) ?? key;
  let crc = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return slotOfBytes(Buffer.from(text));
    crc = step(crc, unit);
  }
  return crc % SLOTS;
}

function slotOfBytes(bytes: Buffer): number {
  return bytes.reduce(step, 0) % SLOTS;
}

function step(crc: number, byte: number): number {
  return ((crc << 8) & 0xffff) ^ CRC16[(crc >> 8) ^ byte]!;
}
