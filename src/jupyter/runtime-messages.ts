import type { PreparedCell } from "./language/protocol";

/** Numbers of the pipes between the kernel and the process that runs cells, as that process sees them. */
export const PIPES = { toKernel: 3, fromKernel: 4, interrupts: 5, answers: 6 } as const;

/** A message for the front ends that are connected. */
export interface Publication {
  type: "publish";
  /** The request that it belongs to: that one's header is the message's parent. */
  request: number;
  messageType:
    | "stream"
    | "display_data"
    | "update_display_data"
    | "execute_result"
    | "error"
    | "clear_output"
    | "comm_open"
    | "comm_msg"
    | "comm_close";
  content: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  buffers?: Uint8Array[];
}

export type ErrorContent = {
  ename: string;
  evalue: string;
  traceback: string[];
};

/** How a cell ended. */
export interface Outcome {
  type: "done";
  request: number;
  error?: ErrorContent;
  /** The statements that ran to their end, where not all did. */
  ran?: number[];
  /** The value of the last expression, where it was asked for. */
  value?: Record<string, unknown>;
}

export type FromRuntime =
  | { type: "ready" }
  | Publication
  | Outcome
  | { type: "input"; request: number; prompt: string }
  /** The process is about to end, by itself. */
  | { type: "exit"; code: number; reason?: ErrorContent };

export interface ExecuteMessage {
  type: "execute";
  request: number;
  /** How the cell is called in errors: its execution count. */
  label: string;
  prepared: PreparedCell;
  /** Whether the value of the last expression is shown, given back with the outcome, or neither. */
  value: "show" | "return" | "drop";
  allowInput: boolean;
}

export interface CommMessage {
  type: "comm_open" | "comm_msg" | "comm_close";
  request: number;
  content: { comm_id: string; target_name?: string; data?: Record<string, unknown> };
  buffers: Uint8Array[];
}

export type ToRuntime =
  | ExecuteMessage
  | CommMessage
  /** A front end has asked for the comms of a target: it has widgets. */
  | { type: "front_end_has"; target: string };
