// HTTP over a guest's AF_VSOCK, both ways. In the guest ("guest") it serves at AF_VSOCK ports and is a client of the host's; beside the
// host ("host PATH") it serves at the Unix-domain sockets of --device vsock=PATH and is a client of the guest's. First the guest is the
// client, then the host.

using VmBus.SystemTest.Http;

return args switch
{
    ["guest"] => await Sides.RunGuestAsync(),
    ["host", string path] => await Sides.RunHostAsync(path),
    _ => throw new ArgumentException("usage: vmbus-http-test guest | host PATH"),
};
