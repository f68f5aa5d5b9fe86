import { randomUUID } from "node:crypto";
import type { Comm, CommHost } from "../../notebook/comm";
import type { CommMessage, Publication } from "../runtime-messages";

type Handler = (data: Record<string, unknown>, buffers: readonly Uint8Array[]) => void | Promise<void>;
type Publish = (
  messageType: Publication["messageType"],
  content: Record<string, unknown>,
  more?: Pick<Publication, "metadata" | "buffers">,
) => void;

/** The kernel's side of Jupyter's comms: channels between code in cells and code in a front end. */
export class Comms implements CommHost {
  readonly #open = new Map<string, { onMessage: Set<Handler>; onClose: Set<() => void> }>();
  readonly #targets = new Map<string, (comm: Comm, data: Record<string, unknown>) => void>();
  readonly #frontEndHas = new Set<string>();

  constructor(private readonly publish: Publish) {}

  open(target: string, data: Record<string, unknown> = {}, { metadata = {}, buffers = [] as Uint8Array[] } = {}): Comm {
    const id = randomUUID();
    const comm = this.#comm(id);
    this.publish("comm_open", { comm_id: id, target_name: target, data }, { metadata, buffers });
    return comm;
  }

  accept(target: string, handler: (comm: Comm, data: Record<string, unknown>) => void): void {
    this.#targets.set(target, handler);
  }

  frontEndHas(target: string): boolean {
    return this.#frontEndHas.has(target);
  }

  noteFrontEnd(target: string): void {
    this.#frontEndHas.add(target);
  }

  /** A message from a front end. Late ones, for comms that are closed here, are dropped. */
  async receive({ type, content, buffers }: CommMessage): Promise<void> {
    const { comm_id: id, target_name: target = "", data = {} } = content;
    if (type === "comm_open") {
      // Pages with widgets first ask for all of them at once, over a separate comm.
      if (target === "jupyter.widget.control") this.noteFrontEnd("jupyter.widget");
      const accept = this.#targets.get(target);
      if (accept) accept(this.#comm(id), data);
      else this.publish("comm_close", { comm_id: id, data: {} });
      return;
    }
    const comm = this.#open.get(id);
    if (!comm) return;
    if (type === "comm_close") {
      this.#open.delete(id);
      for (const handler of comm.onClose) handler();
    } else {
      for (const handler of comm.onMessage) await handler(data, buffers);
    }
  }

  #comm(id: string): Comm {
    const handlers = { onMessage: new Set<Handler>(), onClose: new Set<() => void>() };
    this.#open.set(id, handlers);
    return {
      id,
      send: (data, { metadata = {}, buffers = [] } = {}) =>
        this.publish("comm_msg", { comm_id: id, data }, { metadata, buffers }),
      onMessage: (handler) => void handlers.onMessage.add(handler),
      onClose: (handler) => void handlers.onClose.add(handler),
      close: (data = {}) => {
        if (this.#open.delete(id)) this.publish("comm_close", { comm_id: id, data });
      },
    };
  }
}
