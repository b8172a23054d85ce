//! How days, numbers and lists of them are written in expressions and questions.

pub(super) fn listed(numbers: &[u8]) -> String {
    let mut numbers = numbers.to_vec();
    numbers.sort_unstable();
    numbers.dedup();
    numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn span(from: u8, to: u8) -> String {
    if from == to { from.to_string() } else { format!("{from}-{to}") }
}

pub(super) const NAMES: [&str; 7] = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
pub(super) const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

pub(super) fn weekdays(days: u8) -> String {
    if days == 0b111_1111 {
        return "*".into();
    }
    let all: Vec<usize> = (0..7).filter(|day| days & (1 << day) != 0).collect();
    match (all.first(), all.last()) {
        (Some(first), Some(last)) if all.len() > 2 && last - first + 1 == all.len() => {
            format!("{}-{}", NAMES[*first], NAMES[*last])
        }
        _ => all.into_iter().map(|day| NAMES[day]).collect::<Vec<_>>().join(","),
    }
}

pub(super) fn nth_word(count: u32) -> String {
    match count {
        2 => "second".into(),
        3 => "third".into(),
        4 => "fourth".into(),
        other => format!("{other}th"),
    }
}

pub(super) fn nth_words(nth: u8, day: u8) -> String {
    let word = match nth {
        0 => "last".into(),
        1 => "first".into(),
        nth => nth_word(u32::from(nth)),
    };
    format!("{word} {}", DAYS[usize::from(day - 1)])
}
