/** A channel between code in a cell and code in the front end (Jupyter's comms), as widgets use it. */
export interface Comm {
  readonly id: string;
  send(data: Record<string, unknown>, more?: { metadata?: Record<string, unknown>; buffers?: Uint8Array[] }): void;
  onMessage(handler: (data: Record<string, unknown>, buffers: readonly Uint8Array[]) => void | Promise<void>): void;
  onClose(handler: () => void): void;
  close(data?: Record<string, unknown>): void;
}

/** What opens comms: the kernel, or a double in a test. */
export interface CommHost {
  /** Opens a comm at the front end's code for `target`. */
  open(
    target: string,
    data?: Record<string, unknown>,
    more?: { metadata?: Record<string, unknown>; buffers?: Uint8Array[] },
  ): Comm;
  /** Has `handler` take the comms that a front end opens for `target`. */
  accept(target: string, handler: (comm: Comm, data: Record<string, unknown>) => void): void;
  /** Whether a front end has asked for comms of `target`, as those with widgets do. */
  frontEndHas(target: string): boolean;
}

let host: CommHost | undefined;

/** Tells the library who opens comms; called by the kernel. */
export function setCommHost(chosen?: CommHost): void {
  host = chosen;
}

/** Who opens comms, or undefined outside a notebook. */
export const commHost = (): CommHost | undefined => host;
