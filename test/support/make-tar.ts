export interface MadeTarEntry {
  name: string;
  content?: string | Uint8Array;
  /** "0" file (default), "1" hard link, "2" symbolic link, "3" device, "5" folder, "x" extended header, "L" long name. */
  type?: string;
  link?: string;
  /** Header values in place of the true ones. */
  lies?: { size?: number; checksum?: number };
}

/** A tar archive (ustar), made without any check, so that it can be wrong in every way. */
export function makeTar(entries: readonly MadeTarEntry[], options: { end?: boolean } = {}): Buffer {
  const parts = entries.flatMap(
    ({ name, content = "", type = name.endsWith("/") ? "5" : "0", link = "", lies = {} }) => {
      const body = Buffer.from(content as string);
      const header = Buffer.alloc(512);
      const octal = (value: number, at: number, length: number): void =>
        void header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at);
      header.write(name, 0, 100);
      octal(0o644, 100, 8);
      octal(0, 108, 8);
      octal(0, 116, 8);
      octal(lies.size ?? body.length, 124, 12);
      octal(0, 136, 12);
      header.fill(" ", 148, 156);
      header.write(type, 156);
      header.write(link, 157, 100);
      header.write("ustar\x0000", 257);
      const checksum = header.reduce((sum, byte) => sum + byte, 0);
      header.write(`${(lies.checksum ?? checksum).toString(8).padStart(6, "0")}\0 `, 148);
      return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
    },
  );
  return Buffer.concat([...parts, ...(options.end === false ? [] : [Buffer.alloc(1024)])]);
}
