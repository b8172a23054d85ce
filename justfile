# What is done often, and what takes long. `just --list` tells.

# All that must be true before a push
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo test --workspace

# Switch each mechanism off in turn, and see whether the test of its guarantee turns red
controls:
    KEYWAY_REPORT=docs/measured/controls.md cargo run -p tests --bin controls

# Every long campaign that tries to break the product, with its report
break: kills writes power errors flips torn

# Kill at random moments
kills:
    KEYWAY_REPORT=docs/measured/kill.md KEYWAY_KILLS=1000 cargo test -p tests --test kill

# Kill at every write
writes:
    KEYWAY_REPORT=docs/measured/nth.md KEYWAY_NTH=all cargo test -p tests --test nth

# Cut the power of a disk that lies
power:
    KEYWAY_REPORT=docs/measured/power.md KEYWAY_CUTS=2000 cargo test -p tests --test power

# Let each operation fail in each way
errors:
    KEYWAY_REPORT=docs/measured/errors.md KEYWAY_ERRORS=all cargo test -p tests --test no_room an_operation_that_fails

# Flip bits of the database and its log
flips:
    KEYWAY_REPORT=docs/measured/flips.md KEYWAY_FLIPS=10000 cargo test -p tests --test damage a_flipped_bit

# Cut the log off at every byte of its last transactions
torn:
    KEYWAY_REPORT=docs/measured/torn.md KEYWAY_TORN=all cargo test -p tests --test damage a_log_that_was_cut_off

# Let the clock of the service jump
jumps:
    KEYWAY_REPORT=docs/measured/jumps.md KEYWAY_JUMPS=500 cargo test -p tests --test clock wherever_the_clock_jumps

# Let a month of schedules pass
month:
    KEYWAY_REPORT=docs/measured/month.md KEYWAY_DAYS=30 cargo test -p tests --test clock a_month_of_schedules

# Kill at ticks
ticks:
    KEYWAY_REPORT=docs/measured/ticks.md KEYWAY_KILLS=300 cargo test -p tests --test serve killed_at_its_ticks

# Measure what the pages cost where there is much
pages:
    cargo build --release
    KEYWAY_BIN="$PWD/target/release/keyway" KEYWAY_REPORT=docs/measured/pages.md KEYWAY_TIMES=9 KEYWAY_IDLE=30 cargo test --workspace --test pages much

# Measure how long an author waits: for an editor in a file of 1,000 steps, and for 1,000 cases
authors:
    cargo build --release
    KEYWAY_BIN="$PWD/target/release/keyway" KEYWAY_REPORT=docs/measured/editor.md KEYWAY_LSP_SPEED=1 cargo test --workspace --test lsp a_keystroke
    KEYWAY_BIN="$PWD/target/release/keyway" KEYWAY_REPORT=docs/measured/cases.md cargo test --workspace --test authoring a_thousand

# Measure what schedules cost
schedules:
    KEYWAY_REPORT=docs/measured/schedules.md cargo run --release -p tests --bin schedules

# Measure what reading the manifests of connectors costs
manifests:
    KEYWAY_REPORT=docs/measured/manifests.md cargo run --release -p tests --bin manifests

# Let small workflows run beside a million items
fairness:
    KEYWAY_REPORT=docs/measured/fairness.md KEYWAY_ITEMS=1000000 KEYWAY_SECONDS=20 cargo test --release -p tests --test fairness

# Measure what the way in over HTTP costs
http:
    KEYWAY_REPORT=docs/measured/http.md python3 tests/measure/over_http.py
