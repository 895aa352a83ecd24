using FsCheck.Xunit;

namespace VmBus.Devices.Tests.Sockets;

public sealed class HvSocketServiceTests
{
    [Theory]
    [InlineData(0u, "00000000-facb-11e6-bd58-64006a7986d3")]
    [InlineData(5000u, "00001388-facb-11e6-bd58-64006a7986d3")]
    [InlineData(uint.MaxValue, "ffffffff-facb-11e6-bd58-64006a7986d3")]
    public void A_port_is_the_first_four_bytes_of_its_service(uint port, string service) =>
        Assert.Equal(new Guid(service), HvSocketService.FromPort(port));

    [Property]
    public void A_port_comes_back(uint port)
    {
        Assert.True(HvSocketService.TryGetPort(HvSocketService.FromPort(port), out uint back));
        Assert.Equal(port, back);
    }

    [Theory]
    [InlineData("00001388-facb-11e6-bd58-64006a7986d4")]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    public void Another_service_is_no_port(string service)
    {
        Assert.False(HvSocketService.TryGetPort(new Guid(service), out uint port));
        Assert.Equal(0u, port);
    }
}
