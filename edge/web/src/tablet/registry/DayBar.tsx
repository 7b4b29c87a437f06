import { type Hours, minuteOf, type Provider } from "./document";

/** Where a stretch lies between two minutes, as a share of the width. */
function place(hours: Hours, from: number, to: number) {
  const start = Math.min(to, Math.max(from, minuteOf(hours.start)));
  const end = Math.min(to, Math.max(start, minuteOf(hours.end)));
  return { left: `${((start - from) / (to - from)) * 100}%`, width: `${((end - start) / (to - from)) * 100}%` };
}

function told({ shift, breaks = [], lunch, away }: Provider): string {
  if (away) return "Away";
  const pauses = breaks.map((one) => `break ${one.start} to ${one.end}`);
  const meal = lunch ? [`lunch of ${lunch.minutes ?? 30} minutes between ${lunch.start} and ${lunch.end}`] : [];
  return [`Works ${shift.start} to ${shift.end}`, ...pauses, ...meal].join(", ");
}

/** The clinic's hours as a scale over bars of the day. */
export function HourScale({ hours }: { hours: Hours }) {
  const from = minuteOf(hours.start);
  const to = minuteOf(hours.end);
  const first = Math.ceil(from / 120) * 120;
  const marks = Array.from({ length: Math.max(0, Math.ceil((to - first) / 120)) }, (_, index) => first + index * 120);
  return (
    <div className="bar-scale numbers" aria-hidden="true">
      {marks.map((minute) => (
        <span key={minute} data-edge={minute === from ? "true" : undefined} style={{ left: `${((minute - from) / (to - from)) * 100}%` }}>
          {String(Math.floor(minute / 60)).padStart(2, "0")}:00
        </span>
      ))}
    </div>
  );
}

/** A provider's day within the clinic's hours: the shift, its breaks, and the window in which lunch lies. */
export function DayBar({ provider, hours }: { provider: Provider; hours: Hours }) {
  const from = minuteOf(hours.start);
  const to = Math.max(from + 60, minuteOf(hours.end));
  const { shift, breaks = [], lunch } = provider;
  if (provider.away) {
    return (
      <div className="bar bar-away" role="img" aria-label={told(provider)}>
        <span>Away</span>
      </div>
    );
  }
  return (
    <div className="bar" role="img" aria-label={told(provider)}>
      <i className="bar-shift" style={place(shift, from, to)}>
        <b className="numbers">{shift.start}</b>
        <b className="numbers">{shift.end}</b>
      </i>
      {lunch && (
        <i className="bar-lunch" style={place(lunch, from, to)}>
          <span>{lunch.minutes ?? 30}′ lunch</span>
        </i>
      )}
      {breaks.map((one) => (
        <i className="bar-break" key={one.start} style={place(one, from, to)} />
      ))}
    </div>
  );
}
