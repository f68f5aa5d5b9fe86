import type { CommHost } from "../comm";
import type { MimeBundle } from "../display-sink";

/** The comms of widgets: the protocol of ipywidgets 7.7 and later, and the front end's models for ipywidgets 8. */
export const WIDGET_TARGET = "jupyter.widget";
const PROTOCOL = { version: "2.1.0" };
const MODEL_VERSION = "2.0.0";

export const widgetMimeType = "application/vnd.jupyter.widget-view+json";

export type WidgetState = Record<string, unknown>;

/** A widget: state that the kernel and the pages which show it have in common. */
export interface Widget {
  readonly id: string;
  /** Sends changes to the pages. */
  update(changes: WidgetState): void;
}

/** The modules of the front end that have models. */
const MODULES = { base: "@jupyter-widgets/base", controls: "@jupyter-widgets/controls" } as const;

export interface WidgetKind {
  module: keyof typeof MODULES;
  /** "FloatSlider": the model and the view are called after it. */
  name: string;
  /** Default: the widget's own; a style has another. */
  view?: string;
}

/**
 * Opens a widget on the pages that are connected.
 * @param state without the entries that name model and view; what is left out is as in ipywidgets
 * @param onChange takes what a page has changed
 * @param later what is otherwise for pages that ask for the state afterwards, because they were loaded afterwards
 */
export function openWidget(
  host: CommHost,
  kind: WidgetKind,
  state: WidgetState,
  onChange: (changes: WidgetState) => void | Promise<void> = () => {},
  later: WidgetState = {},
): Widget {
  const own: WidgetState = { ...namesOf(kind), ...state };
  const comm = host.open(WIDGET_TARGET, { state: { ...own }, buffer_paths: [] }, { metadata: PROTOCOL });
  const send = (method: string, changes: WidgetState): void =>
    comm.send({ method, state: { ...changes }, buffer_paths: [] });
  comm.onMessage((message) => {
    if (message.method === "request_state") return send("update", { ...own, ...later });
    if (message.method !== "update" || typeof message.state !== "object" || message.state === null) return;
    const changes = message.state as WidgetState;
    Object.assign(own, changes);
    send("echo_update", changes); // for the other pages that show it
    return onChange(changes);
  });
  return {
    id: comm.id,
    update: (changes) => {
      Object.assign(own, changes);
      send("update", changes);
    },
  };
}

function namesOf({ module, name, view = `${name}View` }: WidgetKind): WidgetState {
  return {
    _model_module: MODULES[module],
    _model_module_version: MODEL_VERSION,
    _model_name: `${name}Model`,
    _view_module: view === "StyleView" ? MODULES.base : MODULES[module],
    _view_module_version: MODEL_VERSION,
    _view_name: view,
  };
}

/** How a widget's state names another widget. */
export const reference = ({ id }: Widget): string => `IPY_MODEL_${id}`;

/** What shows a widget, with a text for pages that have none. */
export const widgetBundle = ({ id }: Widget, text: string): MimeBundle => ({
  [widgetMimeType]: { version_major: 2, version_minor: 0, model_id: id },
  "text/plain": text,
});
