// What a deployment has to know of lake.yaml: which tables it serves, with which keys, the Glue
// database it names, and what its sources read. Only those parts are read; whether the rest is right is `lakegate check`'s to
// say. Keys of the file: docs/lake-yaml.md.
import * as fs from 'node:fs';
import {isMap, isScalar, isSeq, LineCounter, parseDocument} from 'yaml';
import type {Document, Node, YAMLMap} from 'yaml';
import {keyAttributeType} from './key-types';
import type {KeyAttributeType} from './key-types';

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyAttributeType;
}

/** A table that some dataset's `serve:` names; its name has the environment's prefix already. */
export interface ServedTable {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  readonly sortKey?: KeyAttribute;
  /** `write: upsert`: rows are written in batches, without conditions. */
  readonly batched: boolean;
  /** `ttl`: rows expire. */
  readonly expires: boolean;
}

/** What a dataset's `source:` needs of AWS besides its own part of the lake. */
export interface SourceAccess {
  readonly dataset: string;
  /** `keep_raw: false`: replies are removed when their rows are there. */
  readonly removesReplies: boolean;
  /** Keys in the lake that `for_each` reads. */
  readonly files: readonly string[];
  /** Of Secrets Manager: names or ARNs. */
  readonly secrets: readonly string[];
  /** Of SSM's Parameter Store: names or ARNs. */
  readonly parameters: readonly string[];
}

export interface LakeConfig {
  readonly tables: readonly ServedTable[];
  readonly sources: readonly SourceAccess[];
  /** The table of lakegate's own that `mode: snapshot` needs (docs/dynamodb.md). */
  readonly marksTable?: string;
  /** `catalog: {glue: {database: …}}` */
  readonly glueDatabase?: string;
  /** What the environment says the lake is. */
  readonly lake?: string;
}

export interface LakeConfigOptions {
  /** The path of lake.yaml. */
  readonly file: string;
  /** The environment of lake.yaml that is deployed. */
  readonly environment?: string;
  /** What `${NAME}` in lake.yaml stands for. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Something in lake.yaml that cannot be deployed; the message has file, line and column. */
export class LakeConfigError extends Error {}

export function readLakeConfig(options: LakeConfigOptions): LakeConfig {
  let text: string;
  try {
    text = fs.readFileSync(options.file, 'utf8');
  } catch (error) {
    throw new LakeConfigError(`${options.file}: cannot be read (${(error as Error).message})`);
  }
  return new Reader(text, options).read();
}

const LINEAGE_TYPES: ReadonlyMap<string, string> = new Map([
  ['_arrival_id', 'text'],
  ['_arrived_at', 'timestamptz'],
  ['_row', 'int64'],
]);

class Reader {
  private readonly lines = new LineCounter();
  private readonly document: Document.Parsed;

  constructor(text: string, private readonly options: LakeConfigOptions) {
    this.document = parseDocument(text, {lineCounter: this.lines});
    const [first] = this.document.errors;
    if (first) {
      const {line, col} = this.lines.linePos(first.pos[0]);
      throw new LakeConfigError(`${options.file}:${line}:${col}: ${first.message.split('\n')[0]}`);
    }
  }

  read(): LakeConfig {
    const root = this.document.contents;
    if (!isMap(root)) this.fail(root, 'is not a mapping with datasets: in it');
    const environment = this.environment(root as YAMLMap);
    const prefix = this.text(environment, 'table_prefix') ?? '';
    const tables = new Map<string, ServedTable>();
    let hasSnapshots = false;
    for (const {name, node} of this.entries(root as YAMLMap, 'datasets')) {
      const table = this.servedTable(name, node, prefix);
      if (!table) continue;
      hasSnapshots ||= this.text(node, 'mode') === 'snapshot';
      const same = tables.get(table.name);
      if (same && JSON.stringify(same) !== JSON.stringify(table))
        this.fail(node, `datasets.${name}: the table ${table.name} is served by another dataset too, ` +
          'in another way; give one of them another table');
      tables.set(table.name, table);
    }
    return {
      tables: [...tables.values()],
      sources: this.entries(root as YAMLMap, 'datasets').flatMap(({name, node}) => {
        const source = this.child(node, 'source');
        return source ? [this.sourceAccess(name, source)] : [];
      }),
      ...(hasSnapshots && {marksTable: `${prefix}lakegate_sources`}),
      lake: this.text(environment, 'lake'),
      glueDatabase: this.glueDatabase(environment) ?? this.glueDatabase(root as YAMLMap),
    };
  }

  private glueDatabase(of: Node | undefined): string | undefined {
    return this.text(this.child(this.child(of, 'catalog'), 'glue'), 'database');
  }

  private environment(root: YAMLMap): Node | undefined {
    const wanted = this.options.environment;
    if (wanted === undefined) return undefined;
    const environments = this.entries(root, 'environments');
    const found = environments.find(({name}) => name === wanted);
    if (!found) {
      const known = environments.map(({name}) => name).join(', ') || 'none';
      this.fail(root, `has no environment ${wanted} (it has: ${known})`);
    }
    return found!.node;
  }

  private sourceAccess(dataset: string, source: Node): SourceAccess {
    const variables = this.child(source, 'for_each');
    const files = isMap(variables)
      ? variables.items.map((item) => this.text(this.resolve(item.value as Node), 'file')) : [];
    const auth = this.child(source, 'auth');
    return {
      dataset,
      removesReplies: this.text(source, 'keep_raw') === 'false',
      files: files.filter((file) => file !== undefined),
      secrets: this.named(auth, 'secretsmanager'),
      parameters: this.named(auth, 'ssm'),
    };
  }

  /** The texts under that key, at any depth. */
  private named(node: Node | undefined, key: string): string[] {
    if (!isMap(node)) return [];
    return node.items.flatMap((item) => {
      if (!item.value) return [];
      const value = this.resolve(item.value as Node);
      if (isMap(value)) return this.named(value, key);
      return String(item.key) === key && isScalar(value) ? [this.expand(String(value.value), value)] : [];
    });
  }

  private servedTable(dataset: string, node: Node, prefix: string): ServedTable | undefined {
    const serve = this.child(node, 'serve');
    if (!serve) return undefined;
    const where = `datasets.${dataset}.serve`;
    const to = this.text(serve, 'to');
    if (to !== undefined && to !== 'dynamodb')
      this.fail(this.child(serve, 'to')!, `${where}.to is "${to}", a file of a lake in a directory; ` +
        'a lake in S3 is served from DynamoDB: leave `to` out');
    const name = this.text(serve, 'table');
    if (!name) this.fail(serve, `${where} has no table`);
    const keyNode = this.child(serve, 'key');
    const columns = this.texts(keyNode);
    if (columns.length < 1 || columns.length > 2)
      this.fail(keyNode ?? serve, `${where}.key has ${columns.length} columns; a table of DynamoDB has ` +
        'a partition key and at most one sort key');
    const [partitionKey, sortKey] = columns.map(
      (column) => this.keyAttribute(dataset, node, column, keyNode!));
    return {
      name: prefix + name,
      partitionKey,
      ...(sortKey && {sortKey}),
      batched: this.text(serve, 'write') === 'upsert',
      expires: this.child(serve, 'ttl') !== undefined,
    };
  }

  private keyAttribute(dataset: string, node: Node, column: string, at: Node): KeyAttribute {
    const declared = this.declaredType(node, column);
    if (declared === undefined)
      this.fail(at, `datasets.${dataset}.serve.key: the type of ${column} is not declared, and a table ` +
        `of DynamoDB is made with the types of its key; declare ${column} under ` +
        `datasets.${dataset}.schema, or write down what the lake has learnt: ` +
        `lakegate schema ${dataset} --pin`);
    const type = keyAttributeType(declared!);
    if (type === undefined)
      this.fail(at, `datasets.${dataset}.serve.key: ${column} is ${declared}, which cannot be a key in ` +
        'DynamoDB; a key is a number, a text, a date or time, or binary');
    return {name: column, type: type!};
  }

  private declaredType(node: Node, column: string): string | undefined {
    const schema = this.child(node, 'schema');
    if (isSeq(schema))
      for (const field of schema.items)
        if (this.text(field as Node, 'name') === column) return this.text(field as Node, 'type');
    // Captures are texts, or dates and times in ISO form: keys of the same kind.
    if (this.texts(this.child(node, 'capture_columns')).includes(column)) return 'text';
    const lineage = this.text(node, 'lineage') !== 'false';
    return lineage ? LINEAGE_TYPES.get(column) : undefined;
  }

  private child(node: Node | undefined | null, key: string): Node | undefined {
    const value = isMap(node) ? node.get(key, true) : undefined;
    if (value === undefined || value === null) return undefined;
    const resolved = this.resolve(value as Node);
    return isScalar(resolved) && resolved.value === null ? undefined : resolved;
  }

  private resolve(node: Node): Node {
    return (node as {resolve?: (document: Document) => Node}).resolve?.(this.document) ?? node;
  }

  private entries(root: YAMLMap, key: string): {name: string; node: Node}[] {
    const map = this.child(root, key);
    if (!isMap(map)) return [];
    return map.items.map((item) => ({name: String(item.key), node: this.resolve(item.value as Node)}));
  }

  private text(node: Node | undefined, key: string): string | undefined {
    const value = this.child(node, key);
    return isScalar(value) ? this.expand(String(value.value), value) : undefined;
  }

  private texts(node: Node | undefined): string[] {
    if (isScalar(node)) return [this.expand(String(node.value), node)];
    if (!isSeq(node)) return [];
    return node.items.map((item) => this.resolve(item as Node)).filter(isScalar)
      .map((item) => this.expand(String(item.value), item));
  }

  private expand(text: string, node: Node): string {
    return text.replace(/\$(\$\{)|\$\{([^}]*)\}/g, (_whole, literal: string, name: string) => {
      if (literal) return literal;
      const value = this.options.variables?.[name];
      if (value === undefined)
        this.fail(node, `the variable ${name} is not among \`variables\` of the deployment; functions ` +
          'have no other environment');
      return value!;
    });
  }

  private fail(node: Node | null | undefined, message: string): never {
    const {line, col} = this.lines.linePos(node?.range?.[0] ?? 0);
    throw new LakeConfigError(`${this.options.file}:${line}:${col}: ${message}`);
  }
}
