export {LakegateFunction} from './lakegate-function';
export type {LakegateFunctionProps} from './lakegate-function';
export {DataLake, LakeEvents} from './data-lake';
export type {DataLakeProps} from './data-lake';
export {EventQueue} from './event-queue';
export type {EventQueueProps, ObjectFilter} from './event-queue';
export {LakeConfigError, readLakeConfig} from './lake-config';
export type {KeyAttribute, LakeConfig, LakeConfigOptions, ServedTable, SourceAccess} from './lake-config';
