// Shows as text what the shell says in the address.
const trouble = new URLSearchParams(location.search).get("trouble");
if (trouble) {
  document.getElementById("title").textContent = "There is no service to show";
  document.getElementById("message").textContent = trouble;
}
