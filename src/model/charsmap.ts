/**
 * SentencePiece's precompiled normalization: which characters become which others, as its models bring it along.
 * Source of the layout: SentencePiece's normalizer.cc and Darts-clone's double array; of what is looked up, the Rust crate spm_precompiled.
 */

/**
 * The normalization of a `precompiled_charsmap` (base64).
 * @throws if it is damaged
 */
export function charsmap(base64: string): (text: string) => string {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? Infinity : view.getUint32(0, true);
  if (4 + size > bytes.length || size % 4 !== 0 || size === 0) throw new Error("its precompiled_charsmap is damaged");
  const units = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  const replacements = bytes.subarray(4 + size);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** What the shortest beginning of the chunk that the map knows becomes; the whole chunk is replaced by it. */
  const transform = (chunk: Uint8Array): string | undefined => {
    let place = offsetOf(units[0]);
    for (const byte of chunk) {
      place ^= byte;
      const unit = units[place];
      // A place beyond the array is none, and so is one of another label.
      if (byte === 0 || unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
      place ^= offsetOf(unit);
      if ((unit & 0x100) === 0) continue;
      const start = units[place] & 0x7fffffff;
      return decoder.decode(replacements.subarray(start, replacements.indexOf(0, start)));
    }
    return undefined;
  };
  return (text) =>
    Array.from(GRAPHEMES.segment(text), ({ segment }) => {
      const whole = encoder.encode(segment);
      const replaced = whole.length < 6 ? transform(whole) : undefined;
      return replaced ?? Array.from(segment, (character) => transform(encoder.encode(character)) ?? character).join("");
    }).join("");
}

const GRAPHEMES = new Intl.Segmenter("und", { granularity: "grapheme" });

const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6);
