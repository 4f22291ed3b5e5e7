import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: ['**/dist/**', '**/assembly/**', 'demo/**', 'runs/**', '**/node_modules/**', 'bench/.venv/**', '.venv/**'],
  },
  { rules: { 'no-console': 'error', eqeqeq: 'error', 'prefer-const': 'error' } },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'packages/*/tsconfig.json', 'apps/viewer/tsconfig.json', 'studies/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    // Fixtures are JSON, and expect.any is any.
    files: ['**/*.test.ts', '**/*.test.helper.ts', '**/testing/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    // Every item is an argument, and of some hundred thousand of them the program ends. files/lists.ts has append, maxOf and minOf.
    files: ['packages/subspace-fusion/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.test.helper.ts', '**/testing/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'CallExpression[callee.property.name=/^(push|unshift|max|min|fromCharCode|fromCodePoint)$/] > SpreadElement',
          message: 'Take append, maxOf or minOf of files/lists.ts: a spread list has a limit of length.',
        },
        {
          selector: 'CallExpression[callee.name=/^mkdir/] Property[key.name="recursive"]',
          message:
            'Take makeFolder of files/atomic.ts: the recursive mkdir of Node never ends below /proc, and hides why it fails.',
        },
      ],
    },
  },
  {
    // What is written is whole or not there, and a disk that is full is one sentence.
    files: ['packages/subspace-fusion/src/**/*.ts'],
    ignores: ['**/files/**', '**/*.test.ts', '**/*.test.helper.ts', '**/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        ...['node:fs', 'node:fs/promises'].map((name) => ({
          name,
          importNames: ['writeFile', 'writeFileSync', 'appendFile', 'appendFileSync', 'createWriteStream'],
          message: 'Take writeFileAtomic or appendLine of files/atomic.ts.',
        })),
      ],
    },
  },
  {
    files: [
      'packages/subspace-fusion/src/cli/output.ts',
      'packages/subspace-fusion/bin/**',
      '**/scripts/**',
      'scripts/**',
      'studies/**',
      'bench/**',
    ],
    rules: { 'no-console': 'off' },
  },
);
