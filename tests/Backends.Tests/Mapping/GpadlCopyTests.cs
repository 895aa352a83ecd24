using VmBus.Hosting;
using VmBus.Protocol;

namespace VmBus.Backends.Tests.Mapping;

/// <summary>The bytes of a GPADL as a device reads and writes them, beside a plain array of them.</summary>
public class GpadlCopyTests
{
    // Bytes 4090 to 4095 of page 3, 0 to 9 of page 1, then 100 bytes of page 2.
    private static readonly GpadlRange[] Ranges = [new(4090, 16, new ulong[] { 3, 1 }), new(0, 100, new ulong[] { 2 })];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_read_and_written_at_any_place_is_what_lies_there(bool shared)
    {
        using var memory = new GuestMemory(4 * GuestMemory.PageSize, shared && OperatingSystem.IsLinux());
        byte[] bytes = [.. Enumerable.Range(1, 116).Select(i => (byte)i)];
        Assert.True(GpadlCopy.TryWrite(memory, Ranges, 0, bytes));
        Assert.Equal((1, 6, 7, 16, 17, 116), (memory.Bytes(3 * 4096 + 4090, 1)[0], memory.Bytes(3 * 4096 + 4095, 1)[0],
            memory.Bytes(4096, 1)[0], memory.Bytes(4096 + 9, 1)[0], memory.Bytes(2 * 4096, 1)[0], memory.Bytes(2 * 4096 + 99, 1)[0]));
        for (int offset = 0; offset <= bytes.Length; offset++)
        {
            for (int length = 0; length <= bytes.Length - offset; length++)
            {
                byte[] read = new byte[length];
                Assert.True(GpadlCopy.TryRead(memory, Ranges, offset, read));
                Assert.Equal(bytes[offset..(offset + length)], read);
            }
        }
    }

    [Fact]
    public void What_does_not_lie_in_it_is_refused_and_nothing_is_written()
    {
        using var memory = new GuestMemory(4 * GuestMemory.PageSize, shared: false);
        foreach ((long offset, int length) in ((long, int)[])[(-1, 1), (0, 117), (116, 1), (117, 0), (long.MaxValue, 1), (long.MinValue, 0)])
        {
            byte[] ones = [.. Enumerable.Repeat((byte)1, length)];
            Assert.False(GpadlCopy.TryRead(memory, Ranges, offset, ones), $"{offset}+{length}");
            Assert.False(GpadlCopy.TryWrite(memory, Ranges, offset, ones), $"{offset}+{length}");
        }

        Assert.Equal(-1, memory.Bytes(0, 4 * GuestMemory.PageSize).IndexOfAnyExcept((byte)0));
    }
}
