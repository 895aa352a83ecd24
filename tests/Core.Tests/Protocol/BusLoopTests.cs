using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol;

public sealed class BusLoopTests
{
    [Fact]
    public async Task Work_that_is_brought_from_within_is_done_after_what_brings_it_and_before_the_call_returns()
    {
        var done = new List<string>();
        BusLoop? loop = null;
        loop = new BusLoop(() => done.Add("after"), _ => Assert.Fail("It failed."));
        Assert.Equal(7, await loop.RunAsync(() =>
        {
            loop.Run(() => done.Add("inner"));
            done.Add("outer");
            return 7;
        }));
        Assert.Equal(["outer", "after", "inner", "after"], done);
    }

    [Fact]
    public async Task What_cannot_be_done_is_told_its_caller_and_the_loop_goes_on()
    {
        int after = 0;
        var loop = new BusLoop(() => after++, _ => Assert.Fail("It failed."));
        Exception[] refusals = [new ArgumentException("a"), new InvalidOperationException("b"), new ObjectDisposedException("c"), new PeerDisconnectedException("d")];
        foreach (Exception refusal in refusals)
            Assert.Same(refusal, await Assert.ThrowsAnyAsync<Exception>(() => loop.RunAsync(() => throw refusal)));
        Assert.Equal(refusals.Length, after);
        Assert.Null(loop.Fault);
    }

    [Theory]
    [InlineData("work")]
    [InlineData("asked")]
    [InlineData("after")]
    public async Task What_nobody_expected_ends_the_loop_for_good(string where)
    {
        var failure = new KeyNotFoundException("There is no such thing.");
        var faults = new List<BusFaultException>();
        bool throws = false;
        int done = 0;
        var loop = new BusLoop(() =>
        {
            if (throws)
                throw failure;
        }, faults.Add);
        Task<int>? behind = null;
        Task asked = Task.CompletedTask;
        loop.Run(() =>
        {
            if (where == "work")
                loop.Run(() => throw failure);
            else if (where == "asked")
                asked = loop.RunAsync(() => throw failure);
            else
                asked = loop.RunAsync(() => throws = true);
            // It waits in the queue when the loop ends.
            behind = loop.RunAsync(() => ++done);
            loop.Run(() => done++);
        });
        BusFaultException told = await Assert.ThrowsAsync<BusFaultException>(() => behind!);
        Assert.Same(failure, told.InnerException);
        if (where != "work")
            Assert.Same(told, await Assert.ThrowsAsync<BusFaultException>(() => asked));
        Assert.Same(told, await Assert.ThrowsAsync<BusFaultException>(() => loop.RunAsync(() => done++)));
        loop.Run(() => done++);
        Assert.Same(told, Assert.Single(faults));
        Assert.Same(told, loop.Fault);
        Assert.Equal(0, done);
    }

    [Fact]
    public async Task A_fault_whose_owner_fails_as_well_ends_the_loop_with_both()
    {
        var loop = new BusLoop(() => { }, _ => throw new IOException("second"));
        loop.Run(() => throw new KeyNotFoundException("first"));
        BusFaultException told = await Assert.ThrowsAsync<BusFaultException>(() => loop.RunAsync(() => { }));
        Assert.Equal(["first", "second"], Assert.IsType<AggregateException>(told.InnerException).InnerExceptions.Select(inner => inner.Message));
    }
}
