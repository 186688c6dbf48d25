/** Why a text is no address, in the words of Go's `netip`; for texts that are known to be none. */
export function ipProblem(text: string): string {
  const first = /[.:]/.exec(text)?.[0];
  if (first === undefined) return 'unable to parse IP';
  return first === '.' ? ipv4Problem(text) : ipv6Problem(text);
}

function at(reason: string, rest: string): string {
  return `${reason} (at ${JSON.stringify(rest)})`;
}

function ipv4Problem(text: string): string {
  let field = '';
  let fields = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character >= '0' && character <= '9') {
      if (field === '0') return 'IPv4 field has octet with leading zero';
      field += character;
      if (Number(field) > 255) return 'IPv4 field has value >255';
    } else if (character === '.') {
      if (field === '' || index === text.length - 1) {
        return at('IPv4 field must have at least one digit', text.slice(index));
      }
      if (fields === 3) return 'IPv4 address too long';
      fields++;
      field = '';
    } else {
      return at('unexpected character', text.slice(index));
    }
  }
  return 'IPv4 address too short';
}

const NO_DIGIT = 'each colon-separated field must have at least one digit';

function ipv6Problem(text: string): string {
  let rest = text.startsWith('::') ? text.slice(2) : text;
  let compressed = text.startsWith('::');
  for (let groups = 0; groups < 8; groups++) {
    if (rest === '') return 'address string too short';
    const digits = /^[0-9a-fA-F]*/.exec(rest.slice(0, 64))?.[0] ?? '';
    if (digits.length > 4) return at('each group must have 4 or less digits', rest);
    if (digits === '') return at(NO_DIGIT, rest);
    rest = rest.slice(digits.length);
    if (rest.startsWith('.')) return at('invalid IPv4 part', digits + rest);
    if (rest === '') return 'address string too short';
    if (!rest.startsWith(':')) return at('unexpected character, want colon', rest);
    if (rest.length === 1) return at('colon must be followed by more characters', rest);
    rest = rest.slice(1);
    if (!rest.startsWith(':')) continue;
    if (compressed) return at('multiple :: in address', rest);
    compressed = true;
    rest = rest.slice(1);
  }
  return at('trailing garbage after address', rest);
}
