use super::*;

fn times(text: &str, after: &str, zone_name: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(text).unwrap();
    let zone = zone(zone_name).unwrap();
    let times = schedule.after(after.parse().unwrap(), &zone);
    times.take(count).map(|time| time.to_string()).collect()
}

fn next(text: &str, after: &str, zone_name: &str) -> String {
    times(text, after, zone_name, 1).remove(0)
}

#[test]
fn workdays_at_nine_follow_the_zone() {
    assert_eq!(next("0 9 * * MON-FRI", "2026-11-27T08:00:00Z", "Europe/Berlin"), "2026-11-30T08:00:00Z");
    assert_eq!(next("@daily", "2026-03-29T12:00:00Z", "Europe/Berlin"), "2026-03-29T22:00:00Z");
}

#[test]
fn a_time_is_later_than_the_given_one() {
    assert_eq!(next("* * * * *", "2026-11-01T09:00:00Z", "UTC"), "2026-11-01T09:01:00Z");
    assert_eq!(next("* * * * *", "2026-11-01T08:59:59.999Z", "UTC"), "2026-11-01T09:00:00Z");
    assert_eq!(next("* * * * *", "1969-12-31T23:58:59.5Z", "UTC"), "1969-12-31T23:59:00Z");
}

#[test]
fn six_fields_begin_with_seconds() {
    assert_eq!(next("30 0 9 * * *", "2026-11-01T00:00:00Z", "UTC"), "2026-11-01T09:00:30Z");
}

#[test]
fn both_day_fields_mean_either_and_a_star_narrows() {
    assert_eq!(next("0 0 13 * FRI", "2026-11-01T00:00:00Z", "UTC"), "2026-11-06T00:00:00Z");
    assert_eq!(next("0 0 */2 * FRI", "2026-11-01T00:00:00Z", "UTC"), "2026-11-13T00:00:00Z");
}

#[test]
fn days_are_counted_in_the_month() {
    let cases = [
        ("0 0 L * *", "2026-11-30"),
        ("0 0 L 2 *", "2027-02-28"),
        ("0 0 LW * *", "2026-11-30"),
        ("0 0 LW 1 *", "2027-01-29"),
        ("0 0 L,LW 1 *", "2027-01-29"),
        ("0 0 15W * *", "2026-11-16"),
        ("0 0 1W 8 *", "2027-08-02"),
        ("0 0 31W * *", "2026-12-31"),
        ("0 0 * * FRI#2", "2026-11-13"),
        ("0 0 * * 5#5", "2027-01-29"),
        ("0 0 * * FRIL", "2026-11-27"),
        ("0 0 * * 7L", "2026-11-29"),
        ("0 0 29 2 *", "2028-02-29"),
        ("0 0 * * SAT-SUN", "2026-11-07"),
        ("0 0 * * 7-7", "2026-11-08"),
    ];
    for (text, day) in cases {
        assert_eq!(next(text, "2026-11-01T00:00:00Z", "UTC"), format!("{day}T00:00:00Z"), "{text}");
    }
    assert_eq!(
        times("0 0 L,LW 1 *", "2026-11-01T00:00:00Z", "UTC", 2)[1],
        "2027-01-31T00:00:00Z",
        "the last day as well as the last workday"
    );
}

#[test]
fn what_never_comes_ends_at_once() {
    for text in ["30 2 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W 2 *", "0 0 * 2 MON#5,TUE#5"] {
        let schedule = Schedule::parse(text).unwrap();
        let comes = text.contains('#');
        assert_eq!(schedule.comes(), comes, "{text}");
        let next = schedule.next(Timestamp::UNIX_EPOCH, &zone("Europe/Berlin").unwrap());
        assert_eq!(next.is_some(), comes, "{text}");
    }
    let last = "9999-12-30T00:00:00Z".parse().unwrap();
    assert_eq!(Schedule::parse("0 0 1 1 *").unwrap().next(last, &TimeZone::UTC), None);
    assert_eq!(Schedule::parse("* * * * * *").unwrap().next(Timestamp::MAX, &TimeZone::UTC), None);
}

/// In Berlin 02:00 to 02:59 is left out on 29 March 2026, and comes twice on 25 October.
#[test]
fn a_fixed_time_in_the_gap_comes_once_right_after_it() {
    let times = |text| times(text, "2026-03-28T12:00:00Z", "Europe/Berlin", 2);
    assert_eq!(times("30 2 * * *"), ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    assert_eq!(times("0,20,40 2 * * *"), ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
    assert_eq!(times("15 2,3 * * *"), ["2026-03-29T01:00:00Z", "2026-03-29T01:15:00Z"]);
    assert_eq!(times("0 2,3 * * *"), ["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
}

#[test]
fn a_fixed_time_that_comes_twice_counts_once() {
    let times = |text, after| times(text, after, "Europe/Berlin", 2);
    let (before, between) = ("2026-10-24T12:00:00Z", "2026-10-25T01:10:00Z");
    assert_eq!(times("30 2 * * *", before), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    assert_eq!(times("30 2 * * *", between)[0], "2026-10-26T01:30:00Z");
    assert_eq!(times("30 1-3 * * *", before)[..2], ["2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z"]);
    assert_eq!(times("30 1-3 * * *", between)[0], "2026-10-25T02:30:00Z");
}

#[test]
fn a_star_in_the_hour_or_minute_follows_the_clock() {
    let times = |text, after| times(text, after, "Europe/Berlin", 4);
    let hours =
        ["2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", "2026-03-29T03:00:00Z"];
    assert_eq!(times("0 * * * *", "2026-03-28T23:30:00Z"), hours);
    let hours =
        ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z", "2026-10-25T03:00:00Z"];
    assert_eq!(times("0 * * * *", "2026-10-24T23:30:00Z"), hours);
    let halves =
        ["2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"];
    assert_eq!(times("*/30 2 * * *", "2026-10-24T23:30:00Z"), halves);
    assert_eq!(times("*/30 2 * * *", "2026-03-28T23:30:00Z")[0], "2026-03-30T00:00:00Z");
}

#[test]
fn a_day_that_a_zone_left_out_comes_right_after_it() {
    // Samoa went from 29 to 31 December 2011.
    let times = times("0 9 30,31 12 *", "2011-12-29T12:00:00Z", "Pacific/Apia", 2);
    assert_eq!(times, ["2011-12-30T10:00:00Z", "2011-12-30T19:00:00Z"]);
}

#[test]
fn the_same_schedule_has_one_text() {
    let cases = [
        ("0 9 * * MON-FRI", "0 9 * * 1-5"),
        ("  0  9 * *  mon,tue,Wed,4,5 ", "0 9 * * 1-5"),
        ("@Daily", "0 0 * * *"),
        ("0 0 9 * * ?", "0 9 * * *"),
        ("*/15 8-17 1,15 JAN *", "*/15 8-17 1,15 1 *"),
        ("0,15,30,45 0-23 1-31 * 0-7", "0,15,30,45 0-23 1-31 * 0-6"),
        ("5 */30 */2 3W,L,LW */3 7#1,FRIL", "5 */30 */2 3W,L,LW */3 0#1,5L"),
    ];
    for (text, same) in cases {
        let schedule = Schedule::parse(text).unwrap();
        assert_eq!(schedule.to_string(), same);
        assert_eq!(Schedule::parse(same).unwrap(), schedule, "{text}");
    }
}
