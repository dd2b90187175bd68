"use client";

import type { Editor } from "@tiptap/core";
import { type KeyboardEvent, useRef, useState } from "react";
import { useMessages } from "../messages/messages.tsx";

const COLUMNS = 8;
const ROWS = 8;

export interface TablePanelProps {
  editor: Editor;
  isInTable: boolean;
  onDone: () => void;
}

/** Outside a table: how large a new one is. Inside: its rows and columns. */
export function TablePanel({ editor, isInTable, onDone }: TablePanelProps) {
  return isInTable ? (
    <TableActions editor={editor} onDone={onDone} />
  ) : (
    <SizeGrid editor={editor} onDone={onDone} />
  );
}

function SizeGrid({ editor, onDone }: { editor: Editor; onDone: () => void }) {
  const messages = useMessages();
  const [size, setSize] = useState({ columns: 3, rows: 3 });
  const grid = useRef<HTMLDivElement>(null);
  const insert = ({ columns, rows }: typeof size) => {
    editor.chain().insertTable({ rows, cols: columns, withHeaderRow: true }).run();
    onDone();
  };
  const move = (event: KeyboardEvent) => {
    const [dx, dy] =
      { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [];
    if (dx === undefined || dy === undefined) return;
    event.preventDefault();
    const columns = Math.min(COLUMNS, Math.max(1, size.columns + dx));
    const rows = Math.min(ROWS, Math.max(1, size.rows + dy));
    setSize({ columns, rows });
    grid.current?.querySelectorAll("button")[(rows - 1) * COLUMNS + columns - 1]?.focus();
  };
  return (
    <div>
      {/* biome-ignore lint/a11y/useSemanticElements: a group of choices without a form around it */}
      <div ref={grid} className="octavo-table-grid" role="group" aria-label={messages.table} onKeyDown={move}>
        {Array.from({ length: ROWS * COLUMNS }, (_, index) => {
          const cell = { columns: (index % COLUMNS) + 1, rows: Math.floor(index / COLUMNS) + 1 };
          const isCurrent = cell.columns === size.columns && cell.rows === size.rows;
          return (
            <button
              key={`${cell.columns}x${cell.rows}`}
              type="button"
              tabIndex={isCurrent ? 0 : -1}
              aria-label={messages.tableSize(cell.columns, cell.rows)}
              data-chosen={cell.columns <= size.columns && cell.rows <= size.rows}
              onPointerEnter={() => setSize(cell)}
              onClick={() => insert(cell)}
            />
          );
        })}
      </div>
      <p className="octavo-table-size" aria-hidden="true">
        {messages.tableSize(size.columns, size.rows)}
      </p>
    </div>
  );
}

function TableActions({ editor, onDone }: { editor: Editor; onDone: () => void }) {
  const messages = useMessages();
  const actions = [
    { label: messages.rowAbove, run: () => editor.commands.addRowBefore() },
    { label: messages.rowBelow, run: () => editor.commands.addRowAfter() },
    { label: messages.columnBefore, run: () => editor.commands.addColumnBefore() },
    { label: messages.columnAfter, run: () => editor.commands.addColumnAfter() },
    { label: messages.toggleHeaderRow, run: () => editor.commands.toggleHeaderRow() },
    { label: messages.deleteRow, run: () => editor.commands.deleteRow() },
    { label: messages.deleteColumn, run: () => editor.commands.deleteColumn() },
    { label: messages.deleteTable, run: () => editor.commands.deleteTable() },
  ];
  return (
    <div className="octavo-list">
      {actions.map(({ label, run }) => (
        <button
          key={label}
          type="button"
          className="octavo-menu-item"
          onClick={() => {
            run();
            onDone();
          }}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
