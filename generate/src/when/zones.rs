//! Zones as people name them: by a city, or in a few letters.

/// Cities that give no zone its name, and names of zones that people say.
const PLACES: &[(&str, &str)] = &[
    ("munich", "Europe/Berlin"),
    ("frankfurt", "Europe/Berlin"),
    ("hamburg", "Europe/Berlin"),
    ("san francisco", "America/Los_Angeles"),
    ("seattle", "America/Los_Angeles"),
    ("boston", "America/New_York"),
    ("washington", "America/New_York"),
    ("miami", "America/New_York"),
    ("pacific", "America/Los_Angeles"),
    ("eastern", "America/New_York"),
    ("central european", "Europe/Berlin"),
    ("mumbai", "Asia/Kolkata"),
    ("delhi", "Asia/Kolkata"),
    ("beijing", "Asia/Shanghai"),
    ("londres", "Europe/London"),
    ("barcelona", "Europe/Madrid"),
    ("milan", "Europe/Rome"),
    ("geneva", "Europe/Zurich"),
    ("uk", "Europe/London"),
];

/// Short names that have one reading.
const SHORT: &[(&str, &str)] = &[
    ("utc", "UTC"),
    ("gmt", "UTC"),
    ("cet", "Europe/Berlin"),
    ("cest", "Europe/Berlin"),
    ("mez", "Europe/Berlin"),
    ("mesz", "Europe/Berlin"),
    ("eet", "Europe/Helsinki"),
    ("eest", "Europe/Helsinki"),
    ("wet", "Europe/Lisbon"),
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("cdt", "America/Chicago"),
    ("mdt", "America/Denver"),
    ("mst", "America/Denver"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("pacific", "America/Los_Angeles"),
    ("eastern", "America/New_York"),
    ("jst", "Asia/Tokyo"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
    ("sgt", "Asia/Singapore"),
    ("hkt", "Asia/Hong_Kong"),
];

/// The zone of a short name, where it has one reading.
pub fn short_zone(short: &str) -> Option<String> {
    SHORT.iter().find(|(name, _)| *name == short).map(|(_, zone)| (*zone).to_owned())
}

/// The zone of a city.
pub fn place_zone(place: &str) -> Option<String> {
    if let Some((_, zone)) = PLACES.iter().chain(SHORT).find(|(name, _)| *name == place) {
        return Some((*zone).to_owned());
    }
    let wanted = place.replace(' ', "_");
    dsl::cron::zones()
        .into_iter()
        .find(|zone| zone.rsplit('/').next().is_some_and(|city| city.to_lowercase() == wanted))
}
