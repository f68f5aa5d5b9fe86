import js from "@eslint/js";
import tseslint from "typescript-eslint";

// Imports run one way, along the data flow: a room may use the rooms before it, never those after it.
const rooms = [
  "files",
  "store",
  "tasks",
  "english",
  "model",
  "kernels",
  "solvers",
  "finetune",
  "pretraining",
  "behavior",
  "theory",
  "experiment",
  "sweep",
  "archives",
  "charts",
  "explore",
  "live",
  "notebook",
  "jupyter",
  "cli",
  "environment",
];

const oneWayImports = rooms.map((room, place) => ({
  files: [`src/${room}/**/*.ts`, `src/${room}.ts`],
  rules: {
    "no-restricted-imports": [
      "error",
      {
        patterns: [
          ...rooms.slice(place + 1).map((later) => ({
            group: [`**/${later}`, `**/${later}/**`],
            message: `${room} comes before ${later}: imports run along ${rooms.join(" → ")}.`,
          })),
        ],
      },
    ],
  },
}));

export default tseslint.config(
  {
    ignores: [
      "build/",
      "node_modules/",
      ".venv/",
      ".cache/",
      "reports/",
      "environment/tools/report/template/report.js",
    ],
  },
  js.configs.recommended,
  // Our messages name the file, the value and the way out; the system's error beneath them is noise to the reader.
  { rules: { "preserve-caught-error": "off" } },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["test", "describe", "it"], package: "node:test" }] },
      ],
      "@typescript-eslint/no-misused-promises": "error",
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "@typescript-eslint/no-require-imports": "off",
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-param-reassign": "off",
      "prefer-const": "error",
      "no-var": "error",
    },
  },
  ...oneWayImports,
  {
    files: ["**/*.mjs", "**/*.cjs"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        setTimeout: "readonly",
        clearTimeout: "readonly",
        setInterval: "readonly",
        clearInterval: "readonly",
        Buffer: "readonly",
        require: "readonly",
        module: "readonly",
        __dirname: "readonly",
      },
    },
  },
  {
    files: ["**/*.cjs", "environment/stubs/**/*.js"],
    languageOptions: { sourceType: "commonjs", globals: { module: "readonly" } },
  },
);
