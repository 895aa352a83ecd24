using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using FsCheck.Xunit;
using VmBus.Devices;
using VmBus.Windows;

namespace VmBus.Backends.Tests.Windows;

/// <summary>Addresses of AF_HYPERV. Connections need a Windows with Hyper-V.</summary>
[SupportedOSPlatform("windows")]
public sealed class HyperVEndPointTests
{
    // By mingw-w64's hvsocket.h: family at 0, reserved at 2, VmId at 4, ServiceId at 20, 36 bytes in all.
    [Fact]
    public void The_bytes_are_those_of_SOCKADDR_HV()
    {
        SocketAddress address = new HyperVEndPoint(HyperVEndPoint.Parent, 0x01020304).Serialize();
        Assert.Equal(
            [
                34, 0, 0, 0,
                0xda, 0x7c, 0x2e, 0xa4, 0x3f, 0xd0, 0x0c, 0x48, 0x9c, 0xc2, 0xa4, 0xde, 0x20, 0xab, 0xb8, 0x78,
                0x04, 0x03, 0x02, 0x01, 0xcb, 0xfa, 0xe6, 0x11, 0xbd, 0x58, 0x64, 0x00, 0x6a, 0x79, 0x86, 0xd3,
            ],
            address.Buffer.Span[..address.Size].ToArray());
    }

    [Property]
    public void An_address_comes_back(Guid partition, Guid service)
    {
        var one = new HyperVEndPoint(partition, service);
        var back = Assert.IsType<HyperVEndPoint>(one.Create(one.Serialize()));
        Assert.Equal(one, back);
        Assert.Equal((partition, service), (back.Partition, back.Service));
        Assert.Equal($"hyperv:{partition}:{service}", back.ToString());
    }

    [Property]
    public void A_port_is_the_service_that_the_devices_take_for_it(uint port) =>
        Assert.Equal(HvSocketService.FromPort(port), new HyperVEndPoint(HyperVEndPoint.Any, port).Service);

    [Fact]
    public void An_address_of_another_family_is_none()
    {
        var one = new HyperVEndPoint(HyperVEndPoint.Loopback, HyperVEndPoint.Children);
        Assert.Throws<ArgumentException>(() => one.Create(new IPEndPoint(IPAddress.Loopback, 1).Serialize()));
        Assert.Throws<ArgumentException>(() => one.Create(new SocketAddress(AddressFamily.Unspecified, 4)));
    }

    [Fact]
    public async Task A_connect_is_cancelled_or_says_that_there_are_no_such_sockets()
    {
        var host = new HyperVEndPoint(HyperVEndPoint.Parent, port: 1);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => host.ConnectAsync(new CancellationToken(canceled: true)));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "this system may have them");
        SocketException none = await Assert.ThrowsAsync<SocketException>(() => host.ConnectAsync());
        Assert.Equal(SocketError.AddressFamilyNotSupported, none.SocketErrorCode);
    }
}
