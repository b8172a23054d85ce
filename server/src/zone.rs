//! The time zone of this machine: that of times without an offset.

use std::sync::Arc;

/// The IANA name of the zone: that of `TZ`, else of the system, else UTC.
pub fn own() -> Arc<str> {
    let asked = std::env::var("TZ").ok().map(|name| name.trim_start_matches(':').to_owned());
    let known = |name: &String| dsl::cron::zone(name).is_some();
    let name = asked.filter(known).or_else(|| iana_time_zone::get_timezone().ok().filter(known));
    name.unwrap_or_else(|| "UTC".into()).into()
}
