import { words } from "@medspasync/kit";
import type { Schemas } from "../../api/client";

type Answer = Schemas["Answer"];

const COUNTED: [keyof Schemas["Counts"], string][] = [
  ["lunches_missed", "Lunches missed"],
  ["dropped", "Without a place"],
  ["urgent_unplaced", "Urgent without a place"],
  ["moved", "Told clients moved"],
  ["shifted", "Others moved"],
  ["requests_unplaced", "Requests refused"],
];

/** What counts first as numbers, and each term in points as two bars: with nothing done, and then. */
export function Bars({ answer }: { answer: Answer }) {
  const counts = COUNTED.filter(([key]) => answer.before[key] > 0 || answer.after[key] > 0);
  const terms = answer.terms.filter((term) => Math.abs(term.after - term.before) >= 0.5);
  const longest = Math.max(1, ...terms.flatMap((term) => [term.before, term.after]));
  const more = answer.cost_after - answer.cost_before;
  return (
    <div className="bars">
      {counts.length > 0 && (
        <table className="counts">
          <thead>
            <tr>
              <th scope="col">People</th>
              <th scope="col">Nothing done</th>
              <th scope="col">Then</th>
            </tr>
          </thead>
          <tbody>
            {counts.map(([key, label]) => (
              <tr key={key} data-worse={answer.after[key] > answer.before[key]}>
                <th scope="row">{label}</th>
                <td>{answer.before[key]}</td>
                <td>{answer.after[key]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <ul>
        {terms.map((term) => (
          <li key={term.name}>
            <span>{words(term.name)}</span>
            <span className="bar-pair" aria-hidden="true">
              <i data-when="before" style={{ width: `${(term.before / longest) * 100}%` }} />
              <i
                data-when="after"
                data-worse={term.after > term.before}
                style={{ width: `${(term.after / longest) * 100}%` }}
              />
            </span>
            <span className="numbers">
              {term.before.toFixed(0)} → {term.after.toFixed(0)}
            </span>
          </li>
        ))}
      </ul>
      <p className="bar-sum">
        <span>
          <i data-when="before" /> nothing done <i data-when="after" /> then
        </span>
        <b className="numbers">
          {more >= 0 ? "Costs" : "Gains"} {Math.abs(more).toFixed(0)} {Math.abs(more).toFixed(0) === "1" ? "point" : "points"}
        </b>
      </p>
    </div>
  );
}
