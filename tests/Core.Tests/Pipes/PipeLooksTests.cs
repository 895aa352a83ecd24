using VmBus.Pipes;
using Xunit;

namespace VmBus.Core.Tests.Pipes;

/// <summary>What a pipe's reader does before it asks for a signal.</summary>
public class PipeLooksTests
{
    [Fact]
    public void While_it_looks_no_signal_is_asked_for()
    {
        using var pair = new PipePair();
        var looks = new PipeLooks(pair.Right.Channel);
        Assert.False(looks.TryFind());
        Assert.Equal(1u, pair.ToRight.Control.InterruptMask);
        pair.Left.Write([1]);
        Assert.True(looks.TryFind());
        Assert.Equal(0, pair.SignalsToRight);
    }

    [Fact]
    public void A_packet_that_is_there_at_once_leaves_the_interrupt_masked_for_those_that_follow()
    {
        using var pair = new PipePair();
        byte[] buffer = new byte[8];
        pair.Left.Write([1]);
        Assert.True(new PipeLooks(pair.Right.Channel).TryFind());
        Assert.Equal(1, pair.SignalsToRight);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(1, pair.Right.Read(buffer));
            pair.Left.Write([1]);
        }

        Assert.Equal(1, pair.SignalsToRight);
    }

    /// <summary>A wait unmasks the interrupt where nothing came: the next looks have to mask it again.</summary>
    [Fact]
    public void After_a_wait_in_vain_the_next_looks_mask_again()
    {
        using var pair = new PipePair();
        pair.Right.ReadTimeout = 1;
        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<TimeoutException>(() => pair.Right.Read(new byte[8]));
            Assert.Equal(0u, pair.ToRight.Control.InterruptMask);
        }

        var looks = new PipeLooks(pair.Right.Channel);
        Assert.False(looks.TryFind());
        Assert.Equal(1u, pair.ToRight.Control.InterruptMask);
        pair.Right.Channel.WaitToRead(TimeSpan.Zero, TestContext.Current.CancellationToken);
        looks.Unmasked();
        Assert.Equal(0u, pair.ToRight.Control.InterruptMask);
        Assert.False(looks.TryFind());
        Assert.Equal(1u, pair.ToRight.Control.InterruptMask);
    }

    [Fact]
    public void Looks_that_find_nothing_end_and_come_back()
    {
        using var pair = new PipePair();
        var looks = new PipeLooks(pair.Right.Channel);
        long most = looks.Budget;
        for (int i = 0; i < 20; i++)
            Assert.False(looks.TryFind());
        Assert.InRange(looks.Budget, 0, most / 16);

        pair.Left.Write([1]);
        for (int i = 0; i < 200 && looks.Budget < most / 8; i++)
            looks.TryFind();
        Assert.InRange(looks.Budget, most / 8, most);
    }

    [Fact]
    public void A_read_that_a_close_of_the_channel_overtakes_ends()
    {
        using var pair = new PipePair();
        var input = new PipeInput(pair.Right.Channel, VmBus.Layout.PipeMode.Byte);
        pair.Right.Channel.Dispose();
        input.Wait(TimeSpan.FromSeconds(30));
        Assert.True(input.IsEnded);
    }
}
