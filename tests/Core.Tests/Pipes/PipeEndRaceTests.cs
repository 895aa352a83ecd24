using VmBus.Core.Tests.Channels;
using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>
/// A pipe that one thread writes and another disposes. The ring below has one producer: the end must come behind the write
/// that is in it, and the other side reads a front of the data and then the end.
/// </summary>
public sealed class PipeEndRaceTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(3000)]
    public async Task The_end_comes_behind_the_write_it_races(int length)
    {
        var dice = new Random(5);
        for (int round = 0; round < 300; round++)
        {
            using var channels = new ChannelPair(dataSize: 1 << 16);
            var left = new PipeStream(channels.Left, leaveOpen: true);
            using var right = new PipeStream(channels.Right, leaveOpen: true) { ReadTimeout = (int)Patience.Limit.TotalMilliseconds };
            using var ready = new Barrier(2);
            Task<long> writing = Start(() => Write(left, length, ready));
            int delay = dice.Next(2000);
            Task disposing = Start(() =>
            {
                ready.SignalAndWait(Token);
                Thread.SpinWait(delay);
                left.Dispose();
                left.Dispose();
                return 0L;
            });
            long read = Read(right);
            long written = await writing.WaitAsync(Patience.Limit, Token);
            await disposing.WaitAsync(Patience.Limit, Token);
            // The write that was cut may have sent some of it.
            Assert.InRange(read, written, written + length);
            Assert.True(right.PeerCompletedWriting);
            Assert.Null(channels.Right.CorruptionError);
        }
    }

    // Until the pipe is closed under it.
    private static long Write(PipeStream pipe, int length, Barrier ready)
    {
        byte[] data = new byte[length];
        long written = 0;
        ready.SignalAndWait(Token);
        try
        {
            while (true)
            {
                for (int i = 0; i < length; i++)
                    data[i] = (byte)((written + i) % 251);
                pipe.Write(data);
                written += length;
            }
        }
        catch (ObjectDisposedException)
        {
            return written;
        }
    }

    private static long Read(PipeStream pipe)
    {
        byte[] data = new byte[PipeHeader.MaxDataLength];
        long total = 0;
        int read;
        while ((read = pipe.Read(data)) > 0)
        {
            for (int i = 0; i < read; i++)
                Assert.Equal((byte)((total + i) % 251), data[i]);
            total += read;
        }

        return total;
    }

    private static Task<long> Start(Func<long> work) => Task.Factory.StartNew(work, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
