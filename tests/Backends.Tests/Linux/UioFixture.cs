using System.Runtime.Versioning;
using VmBus.Backends.Tests.Shared;

namespace VmBus.Backends.Tests.Linux;

// Over the stand-in, which follows the kernel's rules; what a real kernel does is the system test's affair.
[SupportedOSPlatform("linux")]
public abstract class UioFixture : IDisposable
{
    protected const int Monitor = 41;

    private readonly OpenResources _before = OpenResources.Count();
    private readonly List<UioStandIn> _standIns = [];

    // Whatever a test has done to it, nothing is left open or mapped.
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        foreach (UioStandIn standIn in _standIns)
            standIn.Release();
        _before.AssertUnchanged();
    }

    private protected UioStandIn Make(int? monitor, int ringBytes = 8192)
    {
        UioStandIn standIn = new(monitor, ringBytes);
        _standIns.Add(standIn);
        return standIn;
    }

    private protected UioStandIn Make(int? monitor, int ringBytes, int pageSize, int announcedPage, int pageOffset)
    {
        UioStandIn standIn = new(monitor, ringBytes, null, pageSize, announcedPage, pageOffset);
        _standIns.Add(standIn);
        return standIn;
    }

    private protected static void ReadOne(VmBusChannel channel)
    {
        Assert.True(channel.WaitToRead(Patience.Limit));
        using ChannelReadBatch batch = channel.ReadBatch();
        Assert.True(batch.TryNext(out _));
        batch.Commit();
    }
}
