/** Octavo's mark: an open book, one leaf inked. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path d="M10 5C8.2 3.8 5.8 3.3 2.5 3.5v11.5c3.3-.2 5.7.3 7.5 1.5z" fill="currentColor" />
      <path
        d="M10 5c1.8-1.2 4.2-1.7 7.5-1.5V15c-3.3-.2-5.7.3-7.5 1.5"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinejoin="round"
      />
    </svg>
  );
}
