//! The table of metrics: what there is, in which unit, by which labels. The page of metrics is made of it, and a test holds
//! dashboards and rules against it.

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// It only goes up while the process lives.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How long things took, by buckets.
    Histogram,
}

impl Type {
    /// The word for it in Prometheus' format.
    pub fn name(self) -> &'static str {
        match self {
            Type::Counter => "counter",
            Type::Gauge => "gauge",
            Type::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug)]
pub struct Metric {
    /// Which.
    pub id: Name,
    /// Its name, with its unit, and `_total` at the end of a counter.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Type,
    /// How many of the units that it is counted in are one of those that it is told in.
    pub scale: u64,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// A sentence about it.
    pub about: &'static str,
}

/// Time is counted in nanoseconds and told in seconds.
const SECOND: u64 = 1_000_000_000;

/// Money is counted in the units of the ledger and told in US dollars.
const DOLLAR: u64 = 1_000_000_000_000;

macro_rules! metrics {
    ($($id:ident $kind:ident $scale:expr, $name:literal [$($label:literal),*] $about:literal;)*) => {
        /// Which metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the table says what each is")]
        pub enum Name { $($id),* }

        /// All metrics, in the order of `Name`.
        pub const METRICS: &[Metric] = &[$(Metric {
            id: Name::$id,
            name: $name,
            kind: Type::$kind,
            scale: $scale,
            labels: &[$($label),*],
            about: $about,
        }),*];
    };
}

metrics! {
    AiCalls Counter 1, "keyway_ai_calls_total" ["provider", "model", "outcome"]
        "Calls to models that are over, by how they ended: `ok`, or the ledger's word for what went wrong.";
    AiCost Counter DOLLAR, "keyway_ai_cost_usd_total" ["provider", "model"]
        "What calls to models cost in US dollars, as far as a price is known.";
    AiDuration Histogram SECOND, "keyway_ai_call_duration_seconds" ["provider"]
        "How long calls to models took.";
    AiTokens Counter 1, "keyway_ai_tokens_total" ["provider", "model", "kind"]
        "Tokens of calls to models: `input`, `cached`, `kept_minutes`, `kept_hour`, `output`, `reasoning`.";
    AiUnpriced Counter 1, "keyway_ai_unpriced_calls_total" ["provider", "model"]
        "Calls to models whose cost is not known.";
    Build Gauge 1, "keyway_build_info" ["version"]
        "1, with the version of the program.";
    Calls Counter 1, "keyway_calls_total" ["connector", "outcome"]
        "Calls of actions that are over, by connector, and `ok` or the kind of failure.";
    CallsDuration Histogram SECOND, "keyway_call_duration_seconds" ["connector"]
        "How long calls of actions took.";
    CallsUnderWay Gauge 1, "keyway_calls_under_way" []
        "Calls of actions under way.";
    CallsWaiting Gauge 1, "keyway_calls_waiting" []
        "Calls that have begun and wait for a place among those under way.";
    CommitDuration Histogram SECOND, "keyway_commit_duration_seconds" []
        "How long a commit of runs took until it was on the disk.";
    CommitFailures Counter 1, "keyway_commit_failures_total" []
        "Commits of runs that failed; each is tried again.";
    Commits Counter 1, "keyway_commits_total" []
        "Transactions that this process has written, those of runs and all others.";
    DatabaseBytes Gauge 1, "keyway_database_bytes" []
        "The length of the database and of its log beside it.";
    DiskFree Gauge 1, "keyway_disk_free_bytes" []
        "What is free on the disk of the data directory, for whom the service runs as.";
    HttpConnections Gauge 1, "keyway_http_connections" []
        "Connections that are open, of programs and browsers.";
    HttpDuration Histogram SECOND, "keyway_http_request_duration_seconds" ["method", "route"]
        "How long an answer took until its head was there.";
    HttpRequests Counter 1, "keyway_http_requests_total" ["method", "route", "status"]
        "Requests by the route that answered; `none` where there is no such address.";
    InputsWaiting Gauge 1, "keyway_inputs_waiting" []
        "Inputs of runs that nobody has decided yet.";
    Late Gauge 1, "keyway_late" []
        "Schedules, timers, calls and runs that were late when it was looked last, once a minute.";
    LateFound Counter 1, "keyway_late_found_total" []
        "How many times something was found late.";
    LateLooked Gauge SECOND, "keyway_late_looked_timestamp_seconds" []
        "When it was looked last whether anything is late; 0 before the first time.";
    ProcessCpu Counter SECOND, "process_cpu_seconds_total" []
        "Processor time of the process, in user and system mode.";
    ProcessFiles Gauge 1, "process_open_fds" []
        "Files and connections that the process has open.";
    ProcessFilesMost Gauge 1, "process_max_fds" []
        "How many it may have open.";
    ProcessMemory Gauge 1, "process_resident_memory_bytes" []
        "Memory of the process that is in use.";
    ProcessStart Gauge SECOND, "process_start_time_seconds" []
        "When the process began.";
    RunDuration Histogram SECOND, "keyway_run_duration_seconds" ["status"]
        "How long runs took from their start to their end, waits and all.";
    RunsEnded Counter 1, "keyway_runs_ended_total" ["workflow", "status"]
        "Runs that ended: `succeeded`, `failed` or `cancelled`.";
    RunsMoved Gauge 1, "keyway_runs_in_memory" []
        "Runs that this process moves.";
    RunsStarted Counter 1, "keyway_runs_started_total" []
        "Runs that began.";
    RunsUnfinished Gauge 1, "keyway_runs_unfinished" []
        "Runs that have begun and not ended.";
    SchedulesTrouble Gauge 1, "keyway_schedules_trouble" []
        "1 while no schedule can be kept, else 0.";
    Steps Counter 1, "keyway_steps_total" ["outcome"]
        "Steps by what became of them: `succeeded`, `failed`, `retried` (a try failed and another follows), `skipped`, `reused`.";
    TracesDropped Counter 1, "keyway_traces_dropped_total" []
        "Runs whose trace could not be sent, or that were too many to wait.";
    TracesSent Counter 1, "keyway_traces_sent_total" []
        "Runs whose trace was sent.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with a metric by the conventions of Prometheus.
    fn faults(metric: &Metric) -> Vec<String> {
        let mut faults = vec![];
        let is_name = |name: &str| {
            name.starts_with(|letter: char| letter.is_ascii_lowercase())
                && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        };
        if !is_name(metric.name) || metric.name.contains("__") {
            faults.push(format!("`{}` is no name", metric.name));
        }
        if !(metric.name.starts_with("keyway_") || metric.name.starts_with("process_")) {
            faults.push(format!("`{}` has a prefix of its own", metric.name));
        }
        if (metric.kind == Type::Counter) != metric.name.ends_with("_total") {
            faults.push(format!("`{}`: a counter, and nothing else, ends in `_total`", metric.name));
        }
        if metric.scale == SECOND && !metric.name.contains("_seconds") {
            faults.push(format!("`{}` does not name its unit", metric.name));
        }
        for label in metric.labels {
            if !is_name(label) || ["le", "quantile", "owner", "run", "key", "token", "user"].contains(label) {
                faults.push(format!("`{}` has the label `{label}`", metric.name));
            }
        }
        if !metric.about.ends_with('.') {
            faults.push(format!("`{}` is told of by no sentence", metric.name));
        }
        faults
    }

    #[test]
    fn every_metric_is_named_by_the_conventions_and_none_tells_of_an_owner() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert_eq!(metric.id as usize, at, "{}", metric.name);
            assert_eq!(faults(metric), Vec::<String>::new());
            assert_eq!(METRICS.iter().filter(|other| other.name == metric.name).count(), 1);
        }
    }

    #[test]
    fn a_wrong_metric_is_seen() {
        let right = Metric {
            id: Name::Late,
            name: "keyway_x_total",
            kind: Type::Counter,
            scale: 1,
            labels: &["workflow"],
            about: "Counts.",
        };
        assert_eq!(faults(&right), Vec::<String>::new());
        assert_eq!(faults(&Metric { name: "keyway_x", ..right }).len(), 1);
        assert_eq!(faults(&Metric { kind: Type::Gauge, ..right }).len(), 1);
        assert_eq!(faults(&Metric { labels: &["owner"], ..right }).len(), 1);
        assert_eq!(faults(&Metric { scale: SECOND, ..right }).len(), 1);
        assert_eq!(faults(&Metric { name: "x-total", ..right }).len(), 3);
        assert_eq!(faults(&Metric { about: "counts", ..right }).len(), 1);
    }
}
