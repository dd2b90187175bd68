"use client";

import { DropdownMenu } from "radix-ui";
import { api, explain } from "../lib/api.ts";
import { Avatar } from "./avatar.tsx";
import { useNotice } from "./notice.tsx";
import { readTheme, THEME_NAMES, THEMES, type Theme } from "./theme.ts";
import { useTheme } from "./use-theme.ts";

interface AccountMenuProps {
  user: { name: string; email?: string | null; color: number };
  theme: Theme;
  /** Somebody who came by a link has no account to sign out of. */
  guest?: boolean;
}

/** Who is signed in, the appearance, and the ways to the settings and out. */
export function AccountMenu({ user, theme, guest = false }: AccountMenuProps) {
  const notice = useNotice();
  const [chosen, chooseTheme] = useTheme(theme);

  const signOut = async () => {
    try {
      await api.signOut();
      location.assign("/signin");
    } catch (error) {
      notice({ text: explain(error).message, failed: true });
    }
  };

  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="account-button" aria-label={`Account: ${user.name}`}>
        <Avatar name={user.name} color={user.color} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" align="end" sideOffset={6}>
        <DropdownMenu.Label className="menu-who">
          <strong>{user.name}</strong>
          {user.email && <span>{user.email}</span>}
          {guest && <span>Guest, by link</span>}
        </DropdownMenu.Label>
        <DropdownMenu.Separator className="menu-line" />
        <DropdownMenu.Label className="menu-label" id="theme-label">
          Appearance
        </DropdownMenu.Label>
        <DropdownMenu.RadioGroup
          aria-labelledby="theme-label"
          value={chosen}
          onValueChange={value => chooseTheme(readTheme(value))}
        >
          {THEMES.map(name => (
            <DropdownMenu.RadioItem
              key={name}
              value={name}
              className="menu-item"
              onSelect={event => event.preventDefault()}
            >
              <DropdownMenu.ItemIndicator className="menu-check">
                <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
                  <path d="m4.5 10.5 3.5 3.5 7.5-8" fill="none" stroke="currentColor" strokeWidth="1.5" />
                </svg>
              </DropdownMenu.ItemIndicator>
              {THEME_NAMES[name]}
            </DropdownMenu.RadioItem>
          ))}
        </DropdownMenu.RadioGroup>
        <DropdownMenu.Separator className="menu-line" />
        {guest ? (
          <DropdownMenu.Item className="menu-item" asChild>
            <a href={`/signin?next=${encodeURIComponent(globalThis.location?.pathname ?? "/")}`}>Sign in</a>
          </DropdownMenu.Item>
        ) : (
          <>
            <DropdownMenu.Item className="menu-item" asChild>
              <a href="/settings">Settings</a>
            </DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item" onSelect={() => void signOut()}>
              Sign out
            </DropdownMenu.Item>
          </>
        )}
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  );
}
