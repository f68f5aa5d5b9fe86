// A figure's PNG with a palette in place of four bytes a pixel: a third of the size, without visible loss.
import { crc32, deflateSync, inflateSync } from "node:zlib";

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const largestPalette = 256;
const mostFrequent = 160;

/** Width and height in pixels. */
export function pngSize(png: Buffer): { width: number; height: number } {
  return { width: png.readUInt32BE(16), height: png.readUInt32BE(20) };
}

/**
 * The same picture with at most 256 colours: the most frequent ones stay exactly as they are, and of the others (the
 * edges of letters and lines, the shades of a heatmap) those that are furthest from all that are kept; the rest become
 * the nearest of these.
 * @param png 8 bits a channel, red, green, blue and alpha, not interlaced; any other PNG is returned as it is
 */
export function smallPng(png: Buffer): Buffer {
  const chunks = readChunks(png);
  const header = chunks.find(({ type }) => type === "IHDR")?.data;
  if (!header || header[8] !== 8 || header[9] !== 6 || header[12] !== 0) return png;
  const width = header.readUInt32BE(0);
  const height = header.readUInt32BE(4);
  const pixels = unfiltered(
    inflateSync(Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data))),
    width,
    height,
  );
  const { colours, indexOf } = palette(pixels);
  const rows = Buffer.alloc((width + 1) * height); // the first byte of a row, 0, says that it is not filtered
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) rows[y * (width + 1) + 1 + x] = indexOf.get(pixels[at])!;
  }
  const small = Buffer.from(header);
  small[9] = 3; // colours from a palette
  const written = Buffer.concat([
    signature,
    chunk("IHDR", small),
    chunk(
      "PLTE",
      Buffer.from(colours.flatMap((colour) => [colour >>> 24, (colour >>> 16) & 255, (colour >>> 8) & 255])),
    ),
    chunk("tRNS", Buffer.from(colours.map((colour) => colour & 255))),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return written.length < png.length ? written : png;
}

function readChunks(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(named.length + 8);
  framed.writeUInt32BE(data.length, 0);
  named.copy(framed, 4);
  framed.writeUInt32BE(crc32(named), named.length + 4);
  return framed;
}

/** The pixels as numbers 0xRRGGBBAA, without the differences to neighbours that rows are stored as (PNG, section 9). */
function unfiltered(stored: Buffer, width: number, height: number): Uint32Array {
  const stride = width * 4;
  const bytes = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = stored[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x < 4 ? 0 : bytes[at - 4];
      const above = y === 0 ? 0 : bytes[at - stride];
      const corner = x < 4 || y === 0 ? 0 : bytes[at - stride - 4];
      bytes[at] = stored[y * (stride + 1) + 1 + x] + predicted(filter, left, above, corner);
    }
  }
  return Uint32Array.from({ length: width * height }, (_, i) => bytes.readUInt32BE(i * 4));
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 0) return 0;
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const [toLeft, toAbove, toCorner] = [above - corner, left - corner, left + above - 2 * corner].map(Math.abs);
  return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
}

function palette(pixels: Uint32Array): { colours: number[]; indexOf: Map<number, number> } {
  const counts = new Map<number, number>();
  for (const colour of pixels) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  // Equally frequent ones in the order of their values, so that the same picture gives the same file.
  const ranked = [...counts].sort(([a, m], [b, n]) => n - m || a - b).map(([colour]) => colour);
  const parts = ranked.map(seen);
  const nearest = new Uint8Array(ranked.length); // the place in the palette, and how far that is
  const distance = new Float64Array(ranked.length).fill(Infinity);
  const colours: number[] = [];
  const keep = (place: number): void => {
    for (let i = 0; i < ranked.length; i++) {
      const apart = squaredDistance(parts[i], parts[place]);
      if (apart < distance[i]) [nearest[i], distance[i]] = [colours.length, apart];
    }
    // Two faint colours may look the same; each is still itself.
    [nearest[place], distance[place]] = [colours.length, -1];
    colours.push(ranked[place]);
  };
  for (let place = 0; place < Math.min(ranked.length, mostFrequent); place++) keep(place);
  while (colours.length < Math.min(ranked.length, largestPalette))
    keep(distance.indexOf(distance.reduce((a, b) => Math.max(a, b))));
  return { colours, indexOf: new Map(ranked.map((colour, i) => [colour, nearest[i]])) };
}

/** A colour as it adds to the page: the fainter, the less its hue counts. */
function seen(colour: number): number[] {
  const alpha = colour & 255;
  return [colour >>> 24, (colour >>> 16) & 255, (colour >>> 8) & 255].map((part) => (part * alpha) / 255).concat(alpha);
}

function squaredDistance(a: readonly number[], b: readonly number[]): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2 + (a[3] - b[3]) ** 2;
}
