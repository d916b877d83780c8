const escaped = (letter: string): string => {
  const code = letter.charCodeAt(0);
  return letter === '\n' ? '\\n' : `\\u${code.toString(16).padStart(4, '0')}`;
};

/** On one line: names of tables and files are whatever somebody gave them, and what steers a terminal, begins a line or turns its direction is shown instead. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, escaped);
