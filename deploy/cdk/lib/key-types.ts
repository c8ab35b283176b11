// The attribute type of DynamoDB under which a column of lake.yaml's types is stored as a key.
// Numbers are N, texts, dates and times (fixed-width ISO text) S, binary B; nothing else can be one.
export type KeyAttributeType = 'N' | 'S' | 'B';

const TYPES: ReadonlyMap<string, KeyAttributeType> = new Map([
  ['int32', 'N'],
  ['int64', 'N'],
  ['float32', 'N'],
  ['double', 'N'],
  ['decimal', 'N'],
  ['text', 'S'],
  ['date', 'S'],
  ['timestamp', 'S'],
  ['timestamptz', 'S'],
  ['binary', 'B'],
]);

/** Undefined for bool, list, struct and unknown. */
export function keyAttributeType(declared: string): KeyAttributeType | undefined {
  return TYPES.get(declared.replace(/\(.*/, '').trim());
}
