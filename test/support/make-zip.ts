import { crc32, deflateRawSync } from "node:zlib";

export interface MadeEntry {
  name: string;
  content: Uint8Array;
  deflate?: boolean;
  /** Unix mode, such as 0o120777 of a symbolic link. */
  mode?: number;
  /** Directory values in place of the true ones. */
  lies?: {
    size?: number;
    compressedSize?: number;
    crc32?: number;
    headerOffset?: number;
    method?: number;
    flags?: number;
  };
  /** Sizes and offset in a zip64 field. */
  zip64?: boolean;
}

/** A zip archive, made without any check, so that it can be wrong in every way. */
export function makeZip(entries: readonly MadeEntry[], options: { zip64End?: boolean; comment?: string } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  const add = (...buffers: Buffer[]): void => {
    for (const buffer of buffers) {
      parts.push(buffer);
      position += buffer.length;
    }
  };
  for (const { name, content, deflate = false, mode, lies = {}, zip64 = false } of entries) {
    const stored = deflate ? deflateRawSync(content) : Buffer.from(content);
    const method = lies.method ?? (deflate ? 8 : 0);
    const checksum = lies.crc32 ?? crc32(content);
    const [size, compressedSize, headerOffset] = [
      lies.size ?? content.length,
      lies.compressedSize ?? stored.length,
      lies.headerOffset ?? position,
    ];
    const bytes = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt16LE(bytes.length, 26);
    add(local, bytes, stored);
    const extra = zip64 ? Buffer.alloc(28) : Buffer.alloc(0);
    if (zip64) {
      extra.writeUInt16LE(1, 0);
      extra.writeUInt16LE(24, 2);
      [size, compressedSize, headerOffset].forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + 8 * i));
    }
    const wide = (value: number): number => (zip64 ? 0xffffffff : value);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt8(3, 5);
    entry.writeUInt16LE(lies.flags ?? 0x0800, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(checksum, 16);
    entry.writeUInt32LE(wide(compressedSize), 20);
    entry.writeUInt32LE(wide(size), 24);
    entry.writeUInt16LE(bytes.length, 28);
    entry.writeUInt16LE(extra.length, 30);
    entry.writeUInt32LE(((mode ?? (name.endsWith("/") ? 0o40755 : 0o100644)) << 16) >>> 0, 38);
    entry.writeUInt32LE(wide(headerOffset), 42);
    directory.push(entry, bytes, extra);
  }
  const start = position;
  add(...directory);
  const length = position - start;
  if (options.zip64End) {
    const end = Buffer.alloc(76);
    end.writeUInt32LE(0x06064b50, 0);
    end.writeBigUInt64LE(44n, 4);
    [entries.length, entries.length, length, start].forEach((value, i) =>
      end.writeBigUInt64LE(BigInt(value), 24 + 8 * i),
    );
    end.writeUInt32LE(0x07064b50, 56);
    end.writeBigUInt64LE(BigInt(position), 64);
    end.writeUInt32LE(1, 72);
    add(end);
  }
  const comment = Buffer.from(options.comment ?? "");
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(options.zip64End ? 0xffff : entries.length, 8);
  end.writeUInt16LE(options.zip64End ? 0xffff : entries.length, 10);
  end.writeUInt32LE(options.zip64End ? 0xffffffff : length, 12);
  end.writeUInt32LE(options.zip64End ? 0xffffffff : start, 16);
  end.writeUInt16LE(comment.length, 20);
  add(end, comment);
  return Buffer.concat(parts);
}
