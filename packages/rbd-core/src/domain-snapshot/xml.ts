import { parseXml, XmlDeclaration, XmlDocumentType, XmlElement, XmlError, XmlText } from "@rgrove/parse-xml";
import { quoted } from "../names/index.ts";
import { DomainSnapshotError, type DomainSnapshotErrorCode } from "./domain-snapshot-error.ts";

/** The most bytes of a document, as UTF-8. A domain with a thousand devices has some hundred KiB. */
const largestDocument = 1024 ** 2;

/** The deepest nesting of elements: libxml2's own limit, so that libvirt reads what is written here. */
const deepestNesting = 256;

/** Refuses a text before anything is done with it. */
export function checkSize(bytes: number): void {
  if (bytes <= largestDocument) return;
  throw new DomainSnapshotError({
    code: "TOO_LARGE",
    problem: `the XML is longer than ${largestDocument} bytes`,
  });
}

/**
 * A document that was read, and how to look at its elements strictly: whatever is not asked for is refused, because the
 * meaning of what is unknown would be lost.
 */
export class XmlSource {
  readonly root: XmlElement;
  /** Line ends are `\n`, as XML demands of a parser before anything else. */
  readonly #text: string;

  /** @throws {DomainSnapshotError} `TOO_LARGE`, `BAD_ENCODING`, `NOT_XML`, `DTD`, `TOO_DEEP` */
  constructor(input: string | Uint8Array) {
    this.#text = decode(input).replace(/\r\n?/g, "\n");
    this.root = this.#parse();
    this.#checkDepth();
  }

  #parse(): XmlElement {
    let root: XmlElement | undefined;
    try {
      const { children } = parseXml(this.#text, {
        includeOffsets: true,
        preserveDocumentType: true,
        preserveXmlDeclaration: true,
        resolveUndefinedEntity: (entity) => {
          throw dtdRefused(`the entity ${quoted(entity)} is not one of XML's own`);
        },
      });
      for (const node of children) {
        if (node instanceof XmlDocumentType) throw dtdRefused("there is a document type declaration");
        if (node instanceof XmlDeclaration) checkDeclaration(node);
        if (node instanceof XmlElement) root = node;
      }
    } catch (error) {
      // The parser calls itself for each level. V8 throws where the stack ends, far beyond the deepest that is allowed.
      if (error instanceof RangeError) throw tooDeep(error);
      if (!(error instanceof XmlError)) throw error;
      const [problem = ""] = error.message.split(/ \(line \d+, column \d+\)\n/);
      const { line } = error;
      throw new DomainSnapshotError({
        code: "NOT_XML",
        line,
        problem: `the XML is not well-formed: ${problem}`,
        cause: error,
      });
    }
    if (root === undefined) throw new Error("the parser returned a document without an element");
    return root;
  }

  #checkDepth(): void {
    let level = [this.root];
    for (let depth = 1; level.length > 0; depth++) {
      if (depth > deepestNesting) throw tooDeep();
      level = level.flatMap(({ children }) => children.filter((node) => node instanceof XmlElement));
    }
  }

  /** The element exactly as it stands in the document. */
  textOf(element: XmlElement): string {
    return this.#text.slice(element.start, element.end);
  }

  /** An error about this element. */
  error(
    code: DomainSnapshotErrorCode,
    element: XmlElement,
    problem: string,
    extra: { disk?: string | undefined; hint?: string } = {},
  ): DomainSnapshotError {
    const line = this.#text.slice(0, element.start).split("\n").length;
    return new DomainSnapshotError({ code, problem, line, ...extra });
  }

  /** The attributes, of which there are no others than these. */
  attributes<Name extends string>(
    element: XmlElement,
    known: readonly Name[],
    disk?: string,
  ): { readonly [name in Name]?: string } {
    for (const name of Object.keys(element.attributes)) {
      if (known.some((one) => one === name)) continue;
      const problem = `<${element.name}> has the attribute ${quoted(name)}, which is not known here`;
      throw this.error("UNEXPECTED_CONTENT", element, problem, { disk });
    }
    return element.attributes as { [name in Name]?: string };
  }

  /** The elements in this one, of which there are no others than these, and no text between them. */
  elements(element: XmlElement, known: readonly string[], disk?: string): XmlElement[] {
    return element.children.filter((node) => {
      if (node instanceof XmlText && /[^ \t\r\n]/.test(node.text)) {
        const problem = `there is text in <${element.name}>, which holds elements only`;
        throw this.error("UNEXPECTED_CONTENT", element, problem, { disk });
      }
      if (node instanceof XmlElement && !known.includes(node.name)) {
        const problem = `<${element.name}> holds the element ${quoted(node.name)}, which is not known here`;
        throw this.error("UNEXPECTED_CONTENT", node, problem, { disk });
      }
      return node instanceof XmlElement;
    }) as XmlElement[];
  }

  /** Like {@link elements}, each at most once, by name. */
  elementsByName<Name extends string>(
    element: XmlElement,
    known: readonly Name[],
    disk?: string,
  ): { readonly [name in Name]?: XmlElement } {
    const found: { [name: string]: XmlElement } = Object.create(null);
    for (const child of this.elements(element, known, disk)) {
      if (found[child.name] !== undefined) {
        const problem = `<${element.name}> holds <${child.name}> twice`;
        throw this.error("DUPLICATE", child, problem, { disk });
      }
      found[child.name] = child;
    }
    return found as { [name in Name]?: XmlElement };
  }

  /** The text of an element that holds nothing else. */
  onlyText(element: XmlElement): string {
    this.attributes(element, []);
    for (const node of element.children) {
      if (!(node instanceof XmlElement)) continue;
      const problem = `<${element.name}> holds the element ${quoted(node.name)} and not text only`;
      throw this.error("UNEXPECTED_CONTENT", node, problem);
    }
    return element.text;
  }
}

function decode(input: string | Uint8Array): string {
  if (typeof input === "string") {
    checkSize(input.length);
    checkSize(Buffer.byteLength(input));
    if (!input.isWellFormed()) throw badEncoding("the XML has half of a surrogate pair");
    return input;
  }
  checkSize(input.length);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch (cause) {
    throw badEncoding("the XML is not UTF-8", cause);
  }
}

function checkDeclaration({ encoding }: XmlDeclaration): void {
  if (!encoding || /^utf-?8$/i.test(encoding)) return;
  throw badEncoding(`the XML declares the encoding ${quoted(encoding)}`);
}

function badEncoding(problem: string, cause?: unknown): DomainSnapshotError {
  return new DomainSnapshotError({ code: "BAD_ENCODING", problem, hint: "Convert it to UTF-8.", cause });
}

function dtdRefused(problem: string): DomainSnapshotError {
  return new DomainSnapshotError({
    code: "DTD",
    problem,
    hint: "Neither is read here. Replace entities by what they stand for.",
  });
}

function tooDeep(cause?: unknown): DomainSnapshotError {
  const problem = `elements are nested more than ${deepestNesting} deep`;
  return new DomainSnapshotError({ code: "TOO_DEEP", problem, cause });
}
