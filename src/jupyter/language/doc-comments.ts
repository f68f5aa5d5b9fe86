import ts from "typescript";

export interface DocComment {
  text: string;
  /** As in `@param name what it is`. */
  tags: { name: string; text: string }[];
}

/**
 * The doc comment of a declaration. The files of packages are read without theirs, which makes the first cell faster;
 * the file that help asks for is parsed again, and the declaration found where it was.
 * @param documented the file, parsed with its comments
 */
export function docCommentOf(declaration: ts.Node, documented: ts.SourceFile): DocComment {
  const node = nodeAt(documented, declaration);
  const owners = node ? [node, ...(ts.isVariableDeclaration(node) ? [node.parent.parent] : [])] : [];
  const last = owners.flatMap((owner) => ts.getJSDocCommentsAndTags(owner).filter(ts.isJSDoc)).at(-1);
  const tags = (last?.tags ?? []).map((tag) => ({
    name: tag.tagName.text,
    text: [nameOf(tag), textOf(tag.comment)].filter((part) => part !== "").join(" "),
  }));
  return { text: textOf(last?.comment), tags };
}

const textOf = (comment: string | ts.NodeArray<ts.JSDocComment> | undefined): string =>
  ts.getTextOfJSDocComment(comment)?.trim() ?? "";

const nameOf = (tag: ts.JSDocTag): string => (ts.isJSDocParameterTag(tag) ? tag.name.getText() : "");

/** The node of the same kind at the same place. */
function nodeAt(file: ts.SourceFile, { kind, pos, end }: ts.Node): ts.Node | undefined {
  const find = (node: ts.Node): ts.Node | undefined => {
    if (node.kind === kind && node.pos === pos && node.end === end) return node;
    return node.pos <= pos && node.end >= end ? ts.forEachChild(node, find) : undefined;
  };
  return find(file);
}
