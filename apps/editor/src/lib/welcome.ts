/** The first document of a new server: it teaches by being used. */
export const WELCOME = {
  title: "Welcome to Octavo",
  content: {
    format: "markdown" as const,
    body: `This is an ordinary document. Change it, add to it, or throw it away; every word here is yours.

## Write with somebody

1. Open this page in a second window and put the two side by side.
2. Type in one of them. The letters, and your caret, appear in the other.
3. Choose **Share** at the top right, make a link with the role *Editor*, and send it to somebody. They need no account.

A link with the role *Viewer* lets people read and nothing else. You can revoke any link at any time.

## What “Saved” means

The word in the header says **Saved** only when everything you wrote is on the server’s disk. Nobody else sees a letter before that, and pulling the plug loses nothing that was saved. While the connection is away you can go on writing: your text waits in this window and is sent when the server is back.

## Shape the text

The toolbar has everything; these are quicker.

| To get | Type or press |
| --- | --- |
| A heading | \`#\`, \`##\` or \`###\` and a space |
| A list | \`-\` or \`1.\` and a space |
| Something to tick off | \`[ ]\` and a space |
| A quotation | \`>\` and a space |
| Code | three backticks |
| **Bold**, *italic*, underlined | Ctrl+B, Ctrl+I, Ctrl+U |
| To undo only what you did | Ctrl+Z |

> Keyboard alone is enough: Alt+F10 goes to the toolbar, the arrows move in it, Escape comes back to the text.

## Next

- [ ] Rename this document: choose its title in the header
- [ ] Bring a Markdown file along: **Import** on the list of documents
- [ ] Invite the people you write with: **People** on the list of documents
`,
  },
};
