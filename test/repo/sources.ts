/** The sources of the project, read once, for the tests that hold the house rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export const ROOT: string = join(import.meta.dirname, '../..');

export interface Source {
  /** Relative to the project, with slashes: `src/scan/sender.ts`. */
  readonly path: string;
  readonly text: string;
  readonly lineCount: number;
  readonly tree: ts.SourceFile;
}

/** All TypeScript files below a folder of the project. */
export function readSources(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => {
      const path = `${folder}/${file.replaceAll('\\', '/')}`;
      const text = readFileSync(join(ROOT, path), 'utf8');
      const tree = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
      return { path, text, lineCount: text.trimEnd().split('\n').length, tree };
    });
}

/** What a file imports or re-exports, as written. */
export function importsOf({ tree }: Source): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isStatic = ts.isImportDeclaration(node) || ts.isExportDeclaration(node);
    const from = isStatic ? node.moduleSpecifier : undefined;
    if (from !== undefined && ts.isStringLiteral(from)) found.push(from.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [first] = node.arguments;
      if (first !== undefined && ts.isStringLiteral(first)) found.push(first.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** Names that the code uses as identifiers: comments, texts and property names of others do not count. */
export function namesOf({ tree }: Source): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      names.add(node.getText());
      visit(node.expression);
      return;
    }
    if (ts.isIdentifier(node) && !isMemberName(node)) names.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return names;
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  const isMember = ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent);
  return isMember && parent.name === node;
}

/** Exported declarations without a doc comment in front. */
export function undocumentedExports({ tree }: Source): readonly string[] {
  return tree.statements.flatMap((statement) => {
    if (!isExported(statement) || ts.isExportDeclaration(statement)) return [];
    const documented = ts.getJSDocCommentsAndTags(statement).some(ts.isJSDoc);
    return documented ? [] : declaredNames(statement);
  });
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
  );
}

/** True for `export default` in either form. */
export function hasDefaultExport({ tree }: Source): boolean {
  return tree.statements.some(
    (statement) =>
      ts.isExportAssignment(statement) ||
      (ts.canHaveModifiers(statement) &&
        (ts.getModifiers(statement) ?? []).some(
          ({ kind }) => kind === ts.SyntaxKind.DefaultKeyword,
        )),
  );
}

function declaredNames(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const { name } = statement as ts.Statement & { readonly name?: ts.Identifier };
  return [name?.text ?? statement.getText().slice(0, 40)];
}
