import type { Extensions } from "@tiptap/core";
import { ListKeymap } from "@tiptap/extension-list";
import { BlockIds } from "./block-ids.ts";
import { Bold } from "./marks/bold.ts";
import { Code } from "./marks/code.ts";
import { Highlight } from "./marks/highlight.ts";
import { Italic } from "./marks/italic.ts";
import { Link } from "./marks/link.ts";
import { Strike } from "./marks/strike.ts";
import { Subscript } from "./marks/subscript.ts";
import { Superscript } from "./marks/superscript.ts";
import { TextColor } from "./marks/text-color.ts";
import { Underline } from "./marks/underline.ts";
import { Blockquote } from "./nodes/blockquote.ts";
import { BulletList } from "./nodes/bullet-list.ts";
import { CodeBlock } from "./nodes/code-block.ts";
import { Document } from "./nodes/document.ts";
import { HardBreak } from "./nodes/hard-break.ts";
import { Heading } from "./nodes/heading.ts";
import { HorizontalRule } from "./nodes/horizontal-rule.ts";
import { Image } from "./nodes/image.ts";
import { ListItem } from "./nodes/list-item.ts";
import { OrderedList } from "./nodes/ordered-list.ts";
import { Paragraph } from "./nodes/paragraph.ts";
import { Table } from "./nodes/table.ts";
import { TableCell } from "./nodes/table-cell.ts";
import { TableHeader } from "./nodes/table-header.ts";
import { TableRow } from "./nodes/table-row.ts";
import { TaskItem } from "./nodes/task-item.ts";
import { TaskList } from "./nodes/task-list.ts";
import { Text } from "./nodes/text.ts";

/**
 * Everything a document may contain: the one list that editor, server and converters build their schema from.
 * What only an editor needs (undo, carets, placeholder, drop cursor) is added by the editor.
 */
export function documentExtensions(): Extensions {
  return [
    Document,
    Text,
    Paragraph,
    Heading,
    Blockquote,
    CodeBlock,
    BulletList,
    OrderedList,
    ListItem,
    TaskList,
    TaskItem,
    Table,
    TableRow,
    TableCell,
    TableHeader,
    Image,
    HorizontalRule,
    HardBreak,
    Bold,
    Italic,
    Underline,
    Strike,
    Code,
    Link,
    Subscript,
    Superscript,
    TextColor,
    Highlight,
    BlockIds,
    ListKeymap,
  ];
}
