/** Types are judged by `npm run check`; here the sources are only translated. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  transform: {'\\.ts$': ['ts-jest', {transpilation: true}]},
};
