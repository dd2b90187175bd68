/**
 * The extensions declare the editor's commands by augmenting @tiptap/core. A compiled declaration file drops an
 * import whose names it does not use; these it keeps, so that the commands are known to whoever builds on the package.
 */
import "@tiptap/extension-blockquote";
import "@tiptap/extension-bold";
import "@tiptap/extension-code";
import "@tiptap/extension-code-block";
import "@tiptap/extension-hard-break";
import "@tiptap/extension-heading";
import "@tiptap/extension-highlight";
import "@tiptap/extension-horizontal-rule";
import "@tiptap/extension-image";
import "@tiptap/extension-italic";
import "@tiptap/extension-link";
import "@tiptap/extension-list";
import "@tiptap/extension-paragraph";
import "@tiptap/extension-strike";
import "@tiptap/extension-subscript";
import "@tiptap/extension-superscript";
import "@tiptap/extension-table";
import "@tiptap/extension-text-style";
import "@tiptap/extension-underline";
