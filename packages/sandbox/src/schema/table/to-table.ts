import tableColumns from '../data/generated/tables.json' with { type: 'json' };
import { isJsonObject, type JsonObject, type JsonValue, member, stringMember } from '../json/json-value.ts';
import { ageOf } from './age.ts';
import { type Cell, CellReader } from './cell-reader.ts';
import { CLUSTER_CELLS } from './cluster-cells.ts';
import { compileJsonPath } from './json-path.ts';
import { NETWORK_CELLS } from './network-cells.ts';
import { WORKLOAD_CELLS } from './workload-cells.ts';

export interface TableInput {
  readonly group: string;
  readonly plural: string;
  /** `additionalPrinterColumns` of a custom resource; `undefined` for built-in kinds. */
  readonly printerColumns?: readonly JsonObject[] | undefined;
  readonly objects: readonly JsonObject[];
  readonly includeObject: 'None' | 'Metadata' | 'Object';
  /** `ListMeta` of the table. */
  readonly metadata: JsonObject;
  /** False prints `columnDefinitions: null`, as all but the first event of a watch do. */
  readonly withColumns: boolean;
  readonly now: Date;
}

type ColumnRow = readonly [name: string, type: string, format?: string, priority?: number];

/** How a kind's rows are made. */
interface TableForm {
  readonly columns: JsonObject[];
  readonly cells: (object: JsonObject, now: Date) => Cell[];
}

// The table is data; its literal type would only slow the compiler down.
const COLUMNS = new Map(Object.entries(tableColumns as unknown as Record<string, readonly ColumnRow[]>));
const PRINTERS = new Map(Object.entries({ ...WORKLOAD_CELLS, ...NETWORK_CELLS, ...CLUSTER_CELLS }));

/** A `meta.k8s.io/v1` Table of objects of one resource. Ages count from `now`. */
export function toTable(input: TableInput): JsonObject {
  const form = input.printerColumns === undefined ? builtinForm(input) : customForm(input.printerColumns);
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: input.metadata,
    columnDefinitions: input.withColumns ? form.columns : null,
    rows: input.objects.map((object) => rowOf(input, form, object)),
  };
}

function rowOf(input: TableInput, form: TableForm, object: JsonObject): JsonObject {
  const shown = shownObject(input.includeObject, object);
  const conditions = input.plural === 'pods' && input.group === '' ? completedConditions(object) : undefined;
  return {
    cells: form.cells(object, input.now),
    ...(conditions === undefined ? {} : { conditions }),
    ...(shown === undefined ? {} : { object: shown }),
  };
}

function shownObject(include: TableInput['includeObject'], object: JsonObject): JsonObject | undefined {
  if (include === 'None') return undefined;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: member(object, 'metadata') ?? {} };
}

/** Rows of finished pods say so, for clients that hide them. */
function completedConditions(pod: JsonObject): JsonObject[] | undefined {
  const phase = stringMember(member(pod, 'status'), 'phase');
  if (phase === 'Succeeded') {
    return [{ type: 'Completed', status: 'True', reason: phase, message: 'The pod has completed successfully.' }];
  }
  return phase === 'Failed'
    ? [{ type: 'Completed', status: 'True', reason: phase, message: 'The pod failed.' }]
    : undefined;
}

function column([name, type, format = '', priority = 0]: ColumnRow, description: string): JsonObject {
  return { name, type, format, description, priority };
}

function builtinForm({ group, plural }: TableInput): TableForm {
  const key = group === '' ? plural : `${plural}.${group}`;
  const printer = PRINTERS.get(key);
  const rows = printer === undefined ? undefined : COLUMNS.get(key);
  if (printer === undefined || rows === undefined) {
    return {
      columns: (COLUMNS.get('_default') ?? []).map((row) => column(row, '')),
      cells: (object) => [nameOf(object), creationOf(object)],
    };
  }
  return {
    columns: rows.map((row) => column(row, '')),
    cells: (object, now) => printer(new CellReader(object, now)),
  };
}

function nameOf(object: JsonObject): string {
  return stringMember(member(object, 'metadata'), 'name');
}

function creationOf(object: JsonObject): string {
  return stringMember(member(object, 'metadata'), 'creationTimestamp');
}

const NAME_COLUMN: ColumnRow = ['Name', 'string', 'name'];
const AGE_COLUMN: JsonObject = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

function customForm(printerColumns: readonly JsonObject[]): TableForm {
  const columns = printerColumns.length === 0 ? [AGE_COLUMN] : printerColumns;
  const printers = columns.map(customCell);
  return {
    columns: [column(NAME_COLUMN, 'Name of the object, unique in its namespace.'), ...columns.map(customColumn)],
    cells: (object, now) => [nameOf(object), ...printers.map((print) => print(object, now))],
  };
}

function customColumn(definition: JsonObject): JsonObject {
  const priority = member(definition, 'priority');
  const description =
    stringMember(definition, 'description') ||
    `Custom resource definition column (in JSONPath format): ${stringMember(definition, 'jsonPath')}`;
  return column(
    [
      stringMember(definition, 'name'),
      stringMember(definition, 'type'),
      stringMember(definition, 'format'),
      typeof priority === 'number' ? priority : 0,
    ],
    description,
  );
}

function customCell(definition: JsonObject): (object: JsonObject, now: Date) => Cell {
  const path = compileJsonPath(stringMember(definition, 'jsonPath'));
  const type = stringMember(definition, 'type');
  return (object, now) => {
    const found = path?.(object) ?? [];
    return found.length === 0 ? null : customValue(type, found, now);
  };
}

/** A value in its column's type; null when it does not fit. */
function customValue(type: string, found: readonly JsonValue[], now: Date): Cell {
  const [value = null] = found;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null;
    default:
      return value === null ? null : textCell(found.length > 1 ? [...found] : value);
  }
}

function dateCell(value: string, now: Date): string {
  const age = ageOf(value, now);
  return age === '<unknown>' ? '<invalid>' : age;
}

function textCell(value: JsonValue): string {
  if (typeof value === 'string') return value;
  return isJsonObject(value) || Array.isArray(value) ? JSON.stringify(value) : String(value);
}
