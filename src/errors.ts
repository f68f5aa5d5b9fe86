/** The kinds of error that a caller may want to tell apart; anything else is a fault of the library. */

/** Longer messages lose their middle: a value of a file may have any length. */
const LONGEST = 2000;

/** Something given by the user cannot be used: a value, a field of a file, a file that is not there. */
export class InputError extends Error {
  override readonly name: string = "InputError";
  /**
   * @param message names what is wrong and the way out; it begins with the file or field
   * @param place the file and the field in it, or the parameter, that the message is about
   */
  constructor(
    message: string,
    readonly place: { file?: string; field?: string } = {},
    options?: ErrorOptions,
  ) {
    super(message.length > LONGEST ? `${message.slice(0, LONGEST - 500)} … ${message.slice(-400)}` : message, options);
  }
}

/** A file that was whole once: truncated, changed by another hand, or not what its name says. */
export class CorruptFileError extends InputError {
  override readonly name = "CorruptFileError";
}

/** A disk is full: the fault of a machine, not of the work on it. */
export class FullDiskError extends InputError {
  override readonly name = "FullDiskError";
}

/** A loss, a weight or an output left the range of finite numbers: the learning rate was too large. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}
