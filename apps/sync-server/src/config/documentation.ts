import { VARIABLES, type Variable } from "./variables.ts";

const rows = Object.entries<Variable>(VARIABLES);

/** docs/configuration.md as the table of variables says it. */
export function configurationPage(): string {
  const overview = rows.map(
    ([name, variable]) =>
      `| [\`${name}\`](#${name.toLowerCase()}) | ${variable.form} | ${defaultOf(variable)} |`,
  );
  const details = rows.map(
    ([name, variable]) =>
      `### ${name}\n\n${variable.text}\n\nValue: ${variable.form}. Default: ${defaultOf(variable)}.${variable.secret ? " Secret." : ""}\n`,
  );
  return `# Configuration

<!-- Generated from apps/sync-server/src/config/variables.ts by \`npm run generate\`. -->

Octavo runs without any configuration. These environment variables change what it does.

- Each can be given as \`NAME_FILE\` too: the path of a file that holds the value, for secrets of Docker or systemd.
  Where both are there, \`NAME\` wins. Surrounding white space is removed.
- An empty value counts as absent (for \`TRUST_PROXY\` it means "nobody").
- An invalid value, and an \`OCTAVO_*\` name that is not on this page, end the start with one readable line each.
- There is no default for a secret: what Octavo needs itself is generated into \`DATA_DIR/secrets.json\`, readable by its owner only.

| Name | Value | Default |
|---|---|---|
${overview.join("\n")}

${details.join("\n")}`;
}

/** .env.example: every variable as a comment with its default. */
export function exampleEnvironment(): string {
  const entries = rows.map(
    ([name, variable]) =>
      `${wrap(variable.text, 108)
        .map(line => `# ${line}`)
        .join("\n")}\n# ${name}=${variable.default ?? ""}\n`,
  );
  return `# Everything here is optional. Generated from apps/sync-server/src/config/variables.ts by \`npm run generate\`.\n\n${entries.join("\n")}`;
}

function defaultOf(variable: Variable): string {
  if (variable.default === undefined) return "none";
  return variable.default === "" ? "empty" : `\`${variable.default}\``;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
