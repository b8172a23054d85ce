//! The window: what it shows, where it may go, and what it gives up when it is closed.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tauri::webview::{NewWindowResponse, PermissionKind, PermissionResponse};
use tauri::{AppHandle, Manager, RunEvent, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use url::{Origin, Url};

use crate::address::{Address, USUAL};
use crate::find::{Found, look};
use crate::service::{GRACE, Service, Told, program};
use crate::way::{Way, way};

/// The one window.
const MAIN: &str = "main";

/// What the page is asked to tell of.
const NOTICES: &str = include_str!("notices.js");

/// How many lines of a service that ended are shown.
const LINES: usize = 12;

/// What the shell holds.
#[derive(Default)]
struct Shell {
    /// Where the pages are.
    origin: Mutex<Option<Origin>>,
    /// The service, if it was started here.
    service: Mutex<Held>,
}

/// What becomes of a service that is started here.
#[derive(Default)]
enum Held {
    /// None is started yet.
    #[default]
    Nothing,
    /// It stops when this goes.
    Running(#[expect(dead_code, reason = "it is held so that it can be dropped")] Service),
    /// The window is closed: none is started any more.
    Closed,
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens the window on a service, or on that of this machine, and returns when it is closed.
///
/// # Errors
/// Where no window can be opened.
pub fn open(wanted: Option<Address>) -> tauri::Result<()> {
    let app = tauri::Builder::default()
        .manage(Shell::default())
        .setup(move |app| {
            make(app.handle())?;
            let app = app.handle().clone();
            tauri::async_runtime::spawn(end_on_signal(app.clone()));
            thread::spawn(move || follow(&app, wanted));
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| {
        if matches!(event, RunEvent::Exit) {
            // Dropped, it stops.
            *lock(&app.state::<Shell>().service) = Held::Closed;
        }
    });
    Ok(())
}

/// Makes the window. Pages get no command of the shell, no permission but to tell, and no other place to go.
fn make(app: &AppHandle) -> Result<(), Box<dyn std::error::Error>> {
    // Cookies stand there, so that it is this person's alone.
    let kept = app.path().app_local_data_dir()?;
    make_private(&kept)?;
    let here = app.clone();
    let there = app.clone();
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Keyway")
        .icon(app.default_window_icon().cloned().ok_or("the icon is missing")?)?
        .inner_size(1280.0, 860.0)
        .min_inner_size(390.0, 500.0)
        .data_directory(kept)
        .initialization_script(NOTICES)
        .on_navigation(move |to| goes(&here, to))
        .on_new_window(move |to, _| {
            // A page of the service stays in its window; everything else has its own.
            if goes(&there, &to)
                && let Some(window) = there.get_webview_window(MAIN)
            {
                let _ = window.navigate(to);
            }
            NewWindowResponse::Deny
        })
        .on_permission_request(|_, kind| match kind {
            PermissionKind::Notifications => PermissionResponse::Allow,
            _ => PermissionResponse::Deny,
        })
        .build()?;
    comes_when_called(&window)?;
    Ok(())
}

/// Decides whether the window goes somewhere, and asks the browser where it does not.
fn goes(app: &AppHandle, to: &Url) -> bool {
    let decided = way(lock(&app.state::<Shell>().origin).as_ref(), to);
    if decided == Way::Browser {
        let to = to.to_string();
        thread::spawn(move || {
            if let Err(error) = open::that_detached(to) {
                eprintln!("the browser cannot be opened: {error}");
            }
        });
    }
    decided == Way::Here
}

/// Finds the service or starts it, and shows it.
fn follow(app: &AppHandle, wanted: Option<Address>) {
    let shown = match wanted {
        Some(address) if address.has_tls() => show(app, address.url()),
        Some(address) => match look(&address) {
            Found::Service => enter(app, &address),
            Found::Other => {
                Err(format!("what answers at {} is no service of Keyway, or it hangs", address.url()))
            }
            Found::Nobody => Err(format!(
                "nobody answers at {}; start `keyway serve` there, or begin without an address",
                address.url()
            )),
        },
        None => match Address::read(USUAL) {
            Ok(address) if look(&address) == Found::Service => enter(app, &address),
            _ => start(app),
        },
    };
    if let Err(message) = shown {
        trouble(app, &message);
    }
}

/// Starts a service, follows what it tells, and says so when it ends.
fn start(app: &AppHandle) -> Result<(), String> {
    let own = std::env::current_exe().ok();
    let path = std::env::var_os("PATH");
    let Some(program) = program(own.as_deref().and_then(Path::parent), path.as_deref()) else {
        return Err(crate::service::Error::Missing.to_string());
    };
    let told = {
        let state = app.state::<Shell>();
        let mut held = lock(&state.service);
        if matches!(*held, Held::Closed) {
            return Ok(());
        }
        let (service, told) = Service::start(&program, GRACE).map_err(|error| error.to_string())?;
        *held = Held::Running(service);
        told
    };
    let mut last = Vec::new();
    let mut listened = false;
    for told in told {
        match told {
            Told::Listens(address) => {
                enter(app, &address)?;
                listened = true;
            }
            Told::Setup(token) => {
                let origin = lock(&app.state::<Shell>().origin).as_ref().map(Origin::ascii_serialization);
                if let Some(mut page) = origin.and_then(|origin| Url::parse(&origin).ok()) {
                    page.set_path("/dashboard/setup");
                    page.set_fragment(Some(&token));
                    go(app, page)?;
                }
            }
            Told::Said(line) => {
                eprintln!("{line}");
                last.push(line);
                if last.len() > LINES {
                    last.remove(0);
                }
            }
        }
    }
    let what = if listened { "the service has ended" } else { "the service did not begin" };
    Err(format!("{what}\n\n{}", last.join("\n")))
}

/// Shows the pages of a service on this machine.
#[cfg(target_os = "linux")]
fn enter(app: &AppHandle, address: &Address) -> Result<(), String> {
    use gio::TlsCertificate;
    use webkit2gtk::{WebContextExt, WebViewExt};

    use crate::bridge::{Bridge, HOST};

    let bridge =
        tauri::async_runtime::block_on(Bridge::begin(address.clone())).map_err(|error| error.to_string())?;
    let pem = bridge.certificate;
    let believed = move |view: tauri::webview::PlatformWebview| {
        let certificate = TlsCertificate::from_pem(&pem);
        if let (Some(context), Ok(certificate)) = (view.inner().context(), certificate) {
            context.allow_tls_certificate_for_host(&certificate, HOST);
        }
    };
    window(app)?.with_webview(believed).map_err(|error| error.to_string())?;
    show(app, &bridge.url)
}

/// Shows the pages of a service on this machine. Web views other than WebKit's keep the cookie of a session at `localhost`.
#[cfg(not(target_os = "linux"))]
fn enter(app: &AppHandle, address: &Address) -> Result<(), String> {
    let mut url = address.url().clone();
    url.set_host(Some("localhost")).map_err(|error| error.to_string())?;
    show(app, &url)
}

/// Shows the pages at an origin.
fn show(app: &AppHandle, at: &Url) -> Result<(), String> {
    *lock(&app.state::<Shell>().origin) = Some(at.origin());
    may_tell(&window(app)?, at).map_err(|error| error.to_string())?;
    let mut page = at.clone();
    page.set_path("/dashboard");
    go(app, page)
}

/// Lets an origin show notices without being asked: whoever opened this window wants them.
#[cfg(target_os = "linux")]
fn may_tell(window: &WebviewWindow, at: &Url) -> tauri::Result<()> {
    use webkit2gtk::{SecurityOrigin, WebContextExt, WebViewExt};

    let at = at.to_string();
    window.with_webview(move |view| {
        let Some(context) = view.inner().context() else { return };
        let permit = move |context: &webkit2gtk::WebContext| {
            context.initialize_notification_permissions(&[&SecurityOrigin::for_uri(&at)], &[]);
        };
        permit(&context);
        // Each process of pages is told anew.
        context.connect_initialize_notification_permissions(permit);
    })
}

#[cfg(not(target_os = "linux"))]
fn may_tell(_: &WebviewWindow, _: &Url) -> tauri::Result<()> {
    Ok(())
}

/// Says in the window what is wrong.
fn trouble(app: &AppHandle, message: &str) {
    eprintln!("{}", message.lines().next().unwrap_or_default());
    *lock(&app.state::<Shell>().origin) = None;
    let page =
        if cfg!(windows) { "http://tauri.localhost/index.html" } else { "tauri://localhost/index.html" };
    if let Ok(mut page) = Url::parse(page) {
        page.query_pairs_mut().append_pair("trouble", message);
        // Where the window is closed already, nobody reads it.
        let _ = go(app, page);
    }
}

fn window(app: &AppHandle) -> Result<WebviewWindow, String> {
    app.get_webview_window(MAIN).ok_or_else(|| "the window is closed".to_owned())
}

fn go(app: &AppHandle, to: Url) -> Result<(), String> {
    window(app)?.navigate(to).map_err(|error| error.to_string())
}

/// Brings the window to the front when somebody follows what a page told.
#[cfg(target_os = "linux")]
fn comes_when_called(window: &WebviewWindow) -> tauri::Result<()> {
    use webkit2gtk::{NotificationExt, WebViewExt};

    let called = window.clone();
    window.with_webview(move |view| {
        view.inner().connect_show_notification(move |_, notice| {
            let called = called.clone();
            notice.connect_clicked(move |_| {
                let _ = called.unminimize();
                let _ = called.set_focus();
            });
            // The web view shows it itself.
            false
        });
    })
}

#[cfg(not(target_os = "linux"))]
fn comes_when_called(_: &WebviewWindow) -> tauri::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_private(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Closes the window on a signal, so that what was started is stopped then, too.
#[cfg(unix)]
async fn end_on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    if let (Ok(mut term), Ok(mut interrupt)) = signals {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        app.exit(0);
    }
}

#[cfg(not(unix))]
async fn end_on_signal(_: AppHandle) {}
