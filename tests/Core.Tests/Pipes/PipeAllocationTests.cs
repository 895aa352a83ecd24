using VmBus.Core.Tests.Channels;
using VmBus.Core.Tests.Rings;
using VmBus.Layout;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>No read and no write of a pipe allocates, once the private copies have grown.</summary>
public class PipeAllocationTests
{
    private static readonly byte[] Data = new byte[1500];
    private static readonly byte[] Buffer = new byte[2000];

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Reading_and_writing_bytes_allocates_nothing(RingForm form, PeerTrust trust)
    {
        using var pair = new PipePair(PipeMode.Byte, form, trust);
        AllocationTests.AssertNothing("Write, Read", () =>
        {
            pair.Left.Write(Data);
            pair.Left.WriteByte(1);
            pair.Right.ReadByte();
            for (int left = Data.Length; left > 0;)
                left -= pair.Right.Read(Buffer.AsSpan(0, 700));
        });
        AllocationTests.AssertNothing("WriteAsync, ReadAsync", () =>
        {
            Done(pair.Left.WriteAsync(Data, CancellationToken.None));
            for (int left = Data.Length; left > 0;)
                left -= Done(pair.Right.ReadAsync(Buffer, CancellationToken.None));
        });
    }

    [Theory]
    [MemberData(nameof(RingFixture.AllFormsAndTrusts), MemberType = typeof(RingFixture))]
    public void Reading_and_writing_messages_allocates_nothing(RingForm form, PeerTrust trust)
    {
        using var pair = new PipePair(PipeMode.Message, form, trust);
        AllocationTests.AssertNothing("messages", () =>
        {
            pair.Left.Write(Data);
            pair.Left.Write([]);
            pair.Right.ReadExactly(Buffer, 0, 700);
            pair.Right.ReadMessage(Buffer);
            pair.Right.ReadMessage(Buffer);
            Done(pair.Left.WriteAsync(Data, CancellationToken.None));
            Done(pair.Right.ReadMessageAsync(Buffer, CancellationToken.None));
        });
    }

    private static void Done(ValueTask written) => Assert.True(written.IsCompletedSuccessfully);

    private static int Done(ValueTask<int> read)
    {
        Assert.True(read.IsCompletedSuccessfully);
        return read.Result;
    }
}
