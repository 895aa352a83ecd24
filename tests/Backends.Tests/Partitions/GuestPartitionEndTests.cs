using System.Runtime.Versioning;
using VmBus.Hosting;
using VmBus.Layout;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Partitions;

/// <summary>How a partition starts and ends, whatever hypervisor it is one of.</summary>
[SupportedOSPlatform("linux")]
public sealed class GuestPartitionEndTests
{
    [Fact]
    public void It_starts_once()
    {
        using var partition = new StillPartition();
        partition.Start();
        Assert.Throws<InvalidOperationException>(partition.Start);
        Assert.Equal((1, 0), (partition.Starts, partition.Releases));
    }

    [Fact]
    public async Task After_its_end_nothing_starts_and_no_host_is_made()
    {
        var partition = new StillPartition();
        partition.Dispose();
        partition.Dispose();
        Assert.Throws<ObjectDisposedException>(partition.Start);
        Assert.Throws<ObjectDisposedException>(() => partition.CreateHost());
        Assert.Throws<ObjectDisposedException>(() => partition.RestoreHost([]));
        Assert.Throws<ObjectDisposedException>(() => partition.Memory.TryRead(0, new byte[1]));
        partition.Stop();
        Assert.Null(partition.GetSignals(1));
        Assert.Equal(GuestEndReason.Stopped, (await partition.Ended).Reason);
        Assert.Equal((0, 1), (partition.Starts, partition.Releases));
    }

    [Fact]
    public void A_start_beside_the_end_comes_before_it_or_throws()
    {
        for (int round = 0; round < 2000; round++)
        {
            var partition = new StillPartition();
            using var both = new Barrier(2);
            Exception? thrown = null;
            Background starts = Background.Run(() =>
            {
                both.SignalAndWait();
                thrown = Record.Exception(partition.Start);
            });
            both.SignalAndWait();
            Thread.SpinWait(round % 100);
            partition.Dispose();
            starts.Join();
            Assert.True(thrown is null or ObjectDisposedException, thrown?.ToString());
            Assert.Equal((thrown is null ? 1 : 0, false), (partition.Starts, partition.HasStartedReleased));
        }
    }

    // A guest without a hypervisor: it counts what becomes of its VPs.
    private sealed class StillPartition() : GuestPartition(new Options())
    {
        public int Starts { get; private set; }

        public int Releases { get; private set; }

        public bool HasStartedReleased { get; private set; }

        internal override IDisposable ConnectEvents(uint connectionId, Action signalled) => throw new NotSupportedException();

        internal override HypercallStatus PostMessage(MessageTarget target, ReadOnlySpan<byte> payload) => HypercallStatus.InvalidParameter;

        internal override IEventFlag? TryCreateEventFlag(MessageTarget target, int flag) => null;

        private protected override void StartProcessors()
        {
            HasStartedReleased |= Releases != 0;
            Starts++;
        }

        private protected override void StopProcessors()
        {
        }

        private protected override void JoinProcessors()
        {
        }

        private protected override void Release() => Releases++;

        private sealed record Options : GuestPartitionOptions
        {
            public Options() => MemorySize = 1 << 20;
        }
    }
}
