// A web server on the host and its client in the guest, without a network, and here without a VM: HTTP over a Hyper-V socket, which
// is a channel of VMBus. Run it with: dotnet run -c Release --project samples/HttpOverSockets

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using VmBus.Devices;
using VmBus.InMemory;
using VmBus.Kestrel;

Guid service = HvSocketService.FromPort(5000);
await using var machine = new InMemoryMachine();            // a host, a guest, a hypervisor between them

// The host: Kestrel on a service of its sockets.
await using var sockets = new HvSocketHost(machine.Host);
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
builder.WebHost.UseVmBus().ConfigureKestrel(options => options.ListenHvSocket(sockets, service));
await using WebApplication application = builder.Build();
application.MapGet("/hello/{name}", (string name) => $"hello, {name}");
await application.StartAsync();

// The guest: an HttpClient whose connections are sockets.
var guest = new HvSocketGuest(await machine.ConnectAsync());
using var client = new HttpClient(new SocketsHttpHandler { ConnectCallback = async (_, token) => await guest.ConnectAsync(service, token) });
Console.WriteLine(await client.GetStringAsync("http://host/hello/guest"));
