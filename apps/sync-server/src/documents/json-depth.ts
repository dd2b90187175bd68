/** Whether objects and arrays lie deeper in each other than that. Without recursion: whoever sends too deep a value must not end the stack. */
export function isDeeperThan(value: unknown, max: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > max) return true;
    level = level.flatMap(each => (typeof each === "object" && each !== null ? Object.values(each) : []));
  }
  return false;
}
