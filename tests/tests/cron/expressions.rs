//! The expressions that are compared: picked by hand, and by chance.

use tests::chance::Chance;

/// What people write, the edges of the calendar, the hours at which clocks change, and what only some readers take.
const PICKED: &[&str] = &[
    "* * * * *",
    "*/5 * * * *",
    "*/7 * * * *",
    "*/15 8-17 * * MON-FRI",
    "*/30 0-3 * * *",
    "*/30 2 * * *",
    "*/20 1-2 * * *",
    "0 * * * *",
    "30 * * * *",
    "15,45 * * * *",
    "5-59/15 * * * *",
    "0 */2 * * *",
    "0 */3 * * *",
    "0 */5 * * *",
    "30 */2 * * *",
    "10-20 */4 * * *",
    "0 0 * * *",
    "1 0 * * *",
    "30 0 * * *",
    "0 1 * * *",
    "30 1 * * *",
    "59 1 * * *",
    "0 2 * * *",
    "15 2 * * *",
    "30 2 * * *",
    "59 2 * * *",
    "0 3 * * *",
    "30 3 * * *",
    "0,30 2 * * *",
    "0,20,40 1-3 * * *",
    "0 2,3 * * *",
    "30 1,2,3 * * *",
    "0-59 2 * * *",
    "0 0-5 * * *",
    "30 0-23 * * *",
    "0 0-23/2 * * *",
    "30 23 * * *",
    "59 23 * * *",
    "0 9 * * MON-FRI",
    "0 9 * * 1-5",
    "0 9 * * 1,3,5",
    "0 9 * * 0",
    "0 9 * * 7",
    "0 9 * * 5-7",
    "0 9 * * SUN",
    "30 2 * * SUN",
    "30 2 * * SUN#2",
    "30 2 * 3 0L",
    "30 1 * 10 0L",
    "0 0 * * 6,0",
    "0 0 1 * *",
    "0 0 1,15 * *",
    "0 0 31 * *",
    "0 0 30 2,3 *",
    "0 0 29 2 *",
    "0 0 29 2 1",
    "0 0 */2 * *",
    "0 0 */2 * 1",
    "0 0 */10 * */2",
    "0 0 13 * 5",
    "0 0 1-7 * 1",
    "0 12 1 1 *",
    "0 12 1 */3 *",
    "0 12 * JAN,JUL *",
    "0 12 * JUN-AUG *",
    "0 0 L * *",
    "0 0 LW * *",
    "0 0 L 2 *",
    "0 0 L,LW * *",
    "0 0 1,L * *",
    "0 0 L * 1",
    "0 0 LW * 5#1",
    "0 9 * * 5L",
    "0 9 * * 7L",
    "0 9 * * 1#1",
    "0 9 * * MON#1",
    "0 9 * * 2#2,2#4",
    "0 9 * * 1#5",
    "0 9 * 2 1#5",
    "0 9 1 * 1#1",
    "0 9 * * 1,5L",
    "0 9 * * 0#3",
    "0 9 */3 * 3#2",
    "30 6 * * 5L",
    "30 2 L 3 *",
    "* * * * * *",
    "*/10 * * * * *",
    "30 * * * * *",
    "0 */5 * * * *",
    "15 30 9 * * *",
    "0 30 2 * * *",
    "0,30 30 1-3 * * *",
    "*/15 0 2 * * SUN",
    "30 0 0 * * *",
    // Taken by one of the two only.
    "0 0 15W * *",
    "0 0 1W,31W * *",
    "0 9 * * FRIL",
    "0 9 * * SAT-SUN",
    "0 0 ? * MON",
    "@daily",
    "5/15 * * * *",
    "*/90 * * * *",
    "*,5 * * * *",
    "0 0 30 2 *",
    "0 22-2 * * *",
    "0 25 * * *",
];

/// Two hundred expressions, always the same.
pub fn all() -> Vec<String> {
    let mut chance = Chance::new(5);
    let mut expressions: Vec<String> = PICKED.iter().map(|text| (*text).to_owned()).collect();
    while expressions.len() < 200 {
        expressions.push(random(&mut chance));
    }
    expressions
}

fn random(chance: &mut Chance) -> String {
    // Around the hours at which clocks change, more often than not.
    let hour = match chance.below(4) {
        0 => field(chance, 0, 23),
        1 => chance.below(4).to_string(),
        2 => "1-3".into(),
        _ => field(chance, 0, 4),
    };
    let minute = field(chance, 0, 59);
    let day = match chance.below(8) {
        0 => "L".into(),
        1 => "LW".into(),
        2 => field(chance, 1, 31),
        3 => format!("{},L", 1 + chance.below(28)),
        _ => "*".into(),
    };
    let month = if chance.percent(70) { "*".into() } else { field(chance, 1, 12) };
    let weekday = match chance.below(8) {
        0 => format!("{}#{}", chance.below(8), 1 + chance.below(5)),
        1 => format!("{}L", chance.below(8)),
        2 => field(chance, 0, 6),
        3 => "MON-FRI".into(),
        _ => "*".into(),
    };
    let five = format!("{minute} {hour} {day} {month} {weekday}");
    if chance.percent(12) { format!("{} {five}", chance.below(60)) } else { five }
}

fn field(chance: &mut Chance, least: u64, most: u64) -> String {
    let size = most - least;
    let number = |chance: &mut Chance| least + chance.below(size + 1);
    match chance.below(6) {
        0 => "*".into(),
        1 => format!("*/{}", 1 + chance.below(size)),
        2 => {
            let from = least + chance.below(size);
            format!("{from}-{}", from + 1 + chance.below(most - from))
        }
        3 => {
            let from = least + chance.below(size);
            format!("{from}-{}/{}", from + 1 + chance.below(most - from), 1 + chance.below(size))
        }
        4 => format!("{},{},{}", number(chance), number(chance), number(chance)),
        _ => number(chance).to_string(),
    }
}
