import { NavLink } from "react-router";
import "./checklist.css";

/** The two ways to look at the day. */
export function DayTabs() {
  return (
    <nav className="day-tabs" aria-label="Views of the day">
      <NavLink to="/tablet" end>
        Schedule
      </NavLink>
      <NavLink to="/tablet/checklist">Checklist</NavLink>
    </nav>
  );
}
