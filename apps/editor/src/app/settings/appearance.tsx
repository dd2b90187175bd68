"use client";

import { THEME_NAMES, THEMES, type Theme } from "../../ui/theme.ts";
import { useTheme } from "../../ui/use-theme.ts";

/** Light, dark, or as the system: the choice of the account menu, with room. */
export function Appearance({ rendered }: { rendered: Theme }) {
  const [chosen, choose] = useTheme(rendered);
  return (
    <section aria-labelledby="appearance">
      <h2 id="appearance">Appearance</h2>
      <fieldset className="choice-row" aria-labelledby="appearance" aria-describedby="appearance-note">
        {THEMES.map(theme => (
          <label key={theme} className="choice-line">
            <input
              type="radio"
              name="theme"
              value={theme}
              checked={chosen === theme}
              onChange={() => choose(theme)}
            />
            {THEME_NAMES[theme]}
          </label>
        ))}
      </fieldset>
      <p className="aside" id="appearance-note">
        Kept in this browser.
      </p>
    </section>
  );
}
