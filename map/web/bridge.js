// The one channel to Python: JSON text in (delta, command), JSON text out. Nothing else leaves the page.

/** Connect; `take` has delta(message) and command(message). Resolves to what the page may say. */
export function connect(take) {
  return new Promise((resolve) => {
    new QWebChannel(qt.webChannelTransport, ({ objects: { bridge } }) => {
      bridge.delta.connect((text) => {
        const message = JSON.parse(text);
        take.delta(message);
        bridge.applied(message.seq);
      });
      bridge.command.connect((text) => {
        const message = JSON.parse(text);
        take.command(message);
        bridge.applied(message.seq);
      });
      reportTrouble(bridge);
      resolve(bridge);
    });
  });
}

/** Errors and refused requests are told to Python, so that tests and the guard count them. */
function reportTrouble(bridge) {
  window.addEventListener("error", (event) => bridge.trouble(String(event.message).slice(0, 500)));
  window.addEventListener("unhandledrejection", (event) => bridge.trouble(String(event.reason).slice(0, 500)));
  const refused = ({ blockedURI }) => bridge.refused(String(blockedURI).slice(0, 500));
  document.addEventListener("securitypolicyviolation", refused);
}
